"""Our ledger holds the kit's invariants, and each check finds the defect that it is for."""

from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest
from tests.conformance.adapter import application
from tests.conformance.client import HttpLedger
from tests.conformance.invariants import INVARIANTS
from tests.conformance.mutants import MUTANTS

from yimen_host.core.database import Database
from yimen_host.core.schema import migrate


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[HttpLedger]:
    """The adapter's endpoints over a ledger of the test's own."""
    migrate(database_url)
    database = Database(database_url)
    app = application(database)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://ledger", timeout=60) as http:
            yield HttpLedger(http)
    await database.close()


async def test_the_ledger_holds_every_invariant(ledger: HttpLedger) -> None:
    found = {}
    for number, check in INVARIANTS.items():
        await ledger.reset()
        found[number] = await check(ledger)

    assert found == dict.fromkeys(INVARIANTS)


async def test_every_check_finds_its_own_defect(ledger: HttpLedger) -> None:
    missed = []
    for number, mutant in MUTANTS.items():
        await ledger.reset()
        if await INVARIANTS[number](mutant(ledger)) is None:
            missed.append(mutant.__name__)

    assert missed == []
    assert set(MUTANTS) == set(INVARIANTS)


async def test_an_edited_row_breaks_the_chain_of_the_real_journal(ledger: HttpLedger, database_url: str) -> None:
    assert await INVARIANTS["03"](ledger) is None
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        connection.execute("ALTER TABLE yimen.journal_entry DISABLE TRIGGER USER")
        connection.execute("UPDATE yimen.journal_entry SET amount = amount * 2, balance = balance * 2")
        connection.execute("UPDATE yimen.ledger_account SET balance = balance * 2")

    with pytest.raises(RuntimeError, match="the chain is broken: lane 0 batch 1"):
        await ledger.journal()
