"""`yimen-host audit`, as an operator runs it beside a host."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from yimen_host.cli.audit import audit_ledger
from yimen_host.core.services import Services
from yimen_host.payments.ledger.draft import Draft, transfer
from yimen_host.payments.ledger.writer import Writer
from yimen_host.settings import Settings
from yimen_sdk.money import Money

MOST = 10**6
RIGHT = "every sum and every hash of the journal is right\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a host keeps its files."""
    (tmp_path / "keys").mkdir()
    return tmp_path


def told(place: Path, url: str) -> tuple[int, str]:
    """What the command says, and its exit code."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YIMEN_")}
    environment |= {"YIMEN_VAR": str(place), "YIMEN_DATABASE_URL": url, "YIMEN_DEMO": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "yimen_host.cli", "audit"], env=environment, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def draft(number: int) -> Draft:
    """A transfer of its own."""
    return transfer(f"key:{number}", "test", debit="grants:start", credit=f"wallet:{number % 7}", amount=Money(100))


async def test_it_tells_what_was_tampered_with(services: Services, migrated_url: str, place: Path) -> None:
    ledger = Writer(services.database, services.clock)
    await ledger.start()
    await ledger.post(draft(1))
    await ledger.stop()
    before = await asyncio.to_thread(told, place, migrated_url)
    with psycopg.connect(migrated_url.replace("+psycopg", "")) as connection:
        connection.execute("UPDATE yimen.ledger_account SET balance = 1 WHERE code = 'wallet:1'")

    after = await asyncio.to_thread(told, place, migrated_url)

    assert before == (0, RIGHT)
    assert after == (1, "an account is not the sum of its entries: wallet:1\n")


async def test_postings_meanwhile_are_no_faults(services: Services, migrated_url: str) -> None:
    ledger, settings = Writer(services.database, services.clock), Settings(database_url=migrated_url, demo=True)
    await ledger.start()
    over = asyncio.Event()

    async def post_on(numbers: range) -> None:
        for number in numbers:
            if over.is_set():
                return
            await ledger.post(draft(number))

    posting = [asyncio.create_task(post_on(range(first, MOST, 8))) for first in range(8)]
    found = [await audit_ledger(settings) for _ in range(3)]
    over.set()
    await asyncio.gather(*posting)
    await ledger.stop()

    assert found == [[], [], []]
