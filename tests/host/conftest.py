"""The host on a database of its own, with a clock that stands still."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.host.village import Village, village

import yimen_registry
from tests.conftest import new_database
from yimen_host.core.clock import ManualClock
from yimen_host.core.database import Database, host_role
from yimen_host.core.ids import RandomIds
from yimen_host.core.keyring import Keyring, MasterKey
from yimen_host.core.schema import migrate
from yimen_host.core.services import Services
from yimen_host.settings import Settings


@pytest.fixture(scope="session")
def migrated(owner: str) -> Iterator[str]:
    """The name of a migrated database, from which each test's own is copied."""
    for url in new_database(owner):
        migrate(url, others=(partial(yimen_registry.migrate, role=host_role(url)),))
        yield url.split("@/")[1].split("?")[0]


@pytest.fixture
def migrated_url(owner: str, migrated: str) -> Iterator[str]:
    """The address of a migrated database that this test alone uses."""
    yield from new_database(owner, template=migrated)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that the test moves."""
    return ManualClock()


@pytest.fixture
async def services(migrated_url: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Services]:
    """What every feature is handed."""
    database = Database(migrated_url)
    yield Services(
        settings=Settings(var=tmp_path / "var", demo=True, database_url=migrated_url),
        database=database,
        keyring=Keyring((MasterKey("k1", b"1" * 32),)),
        clock=clock,
        ids=RandomIds(),
    )
    await database.close()


@pytest.fixture
async def here(services: Services, tmp_path: Path) -> AsyncIterator[Village]:
    """A running host that serves the tea house."""
    async with village(services, tmp_path) as place:
        yield place
