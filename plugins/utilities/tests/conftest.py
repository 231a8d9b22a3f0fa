"""A schema for each test, on the PostgreSQL that YIMEN_TEST_POSTGRES names; two residents and a power company."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from importlib.resources import files

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from yimen_sdk import Resident
from yimen_sdk.testing import FakeHost
from yimen_utilities.app import store as the_store
from yimen_utilities.biller import BASE
from yimen_utilities.store import Store

NUMBER = "0520100001"
SCOPES = frozenset({"payments.order", "notices.send"})
ADA, BOB = Resident("ada", scopes=SCOPES), Resident("bob", scopes=SCOPES)


@pytest.fixture
def schema() -> Iterator[str]:
    """The address of an empty schema with this mini-app's tables."""
    if "YIMEN_TEST_POSTGRES" not in os.environ:
        pytest.fail("set YIMEN_TEST_POSTGRES to the address of a PostgreSQL where a test may make schemas")
    server = os.environ["YIMEN_TEST_POSTGRES"].replace("+psycopg", "")
    name = f"utilities_{uuid.uuid4().hex}"
    address = make_conninfo(server, options=f"-c search_path={name}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        try:
            with psycopg.connect(address) as ours:
                migrations = files("yimen_utilities").joinpath("migrations")
                for file in sorted(migrations.iterdir(), key=lambda file: file.name):
                    ours.execute(file.read_bytes())
            yield address
        finally:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))


@pytest.fixture
async def store(schema: str) -> AsyncIterator[Store]:
    """A store on it."""
    store = Store(schema)
    yield store
    await store.close()


@pytest.fixture
async def installed(schema: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    """The mini-app's own store, which its pages use, on the test's schema."""
    monkeypatch.setenv("YIMEN_APP_DATABASE_URL", schema)
    yield the_store
    await the_store.close()


@pytest.fixture
def host() -> FakeHost:
    """A platform whose power company knows one customer with two unpaid bills and ten paid ones."""
    host = FakeHost()
    for resident in (ADA, BOB):
        host.welcome(resident)
    customer = {"number": NUMBER, "holder": "王*", "address": "贵阳市中华南路***号3栋"}
    host.answer("GET", f"{BASE}/accounts/{NUMBER}", customer)
    host.answer("GET", f"{BASE}/accounts/0520100009", {"error": "no_such_account"}, 404)
    bills = [bill(f"2026-{month:02}", 250, 11640, paid=month < 9) for month in range(10, 0, -1)]
    bills[0] = bill("2026-10", 250, 22_00, paid=False)  # not what the tariff gives
    host.answer("GET", f"{BASE}/accounts/{NUMBER}/bills", {"number": NUMBER, "bills": bills})
    return host


def bill(period: str, kwh: int, fen: int, *, paid: bool) -> dict[str, object]:
    """A bill as the power company tells it."""
    return {"period": period, "kwh": kwh, "fen": fen, "due": f"{period}-25", "paid": paid}
