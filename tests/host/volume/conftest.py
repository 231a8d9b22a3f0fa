"""A host on the database of a province in its fifth year, with and without statistics, as just after a restore."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from sqlalchemy import text
from tests.host.village import Village
from tests.host.volume.province import RESIDENT, found

from tests.conftest import new_database
from yimen_host.core.clock import ManualClock
from yimen_host.identity import store as identity
from yimen_host.identity.sandbox import population

PAYMENTS = 30_000


@pytest.fixture(scope="session", params=["analysed", "restored"])
def province(owner: str, migrated: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a province's database, from which each test's own is copied."""
    for url in new_database(owner, template=migrated):
        end = ManualClock().now() - dt.timedelta(days=2)
        found(url.replace("+psycopg", ""), payments=PAYMENTS, end=end, with_statistics=request.param == "analysed")
        yield url.split("@/")[1].split("?")[0]


@pytest.fixture
def migrated_url(owner: str, province: str) -> Iterator[str]:
    """The address of a province's database that this test alone uses."""
    yield from new_database(owner, template=province)


@pytest.fixture
async def browser(here: Village) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of somebody who has used all of it since the beginning, as a resident, a publisher and an admin."""
    phone, person = "13800000001", population()[100]
    sealed = {"hash": here.services.keyring.fingerprint("phone", phone), "id": RESIDENT}
    sealed["phone"] = here.services.keyring.encrypt(phone, bound_to=RESIDENT)
    async with here.services.database.transaction() as session:
        await session.execute(
            text("UPDATE resident SET phone_hash = :hash, phone_sealed = :phone WHERE id = :id"), sealed
        )
        await identity.add_role(session, RESIDENT, "admin")
        await identity.add_role(session, RESIDENT, "reviewer")
    await here.node.accounts.verify(RESIDENT, person.name, person.number)
    cookie, _ = await here.sign_in(RESIDENT)
    async with here.browser(cookie) as client:
        yield client
