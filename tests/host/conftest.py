"""The host on a database of its own, with a clock that stands still."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.host.village import Village, village

from yimen_host.core.clock import ManualClock
from yimen_host.core.database import Database
from yimen_host.core.ids import RandomIds
from yimen_host.core.keyring import Keyring, MasterKey
from yimen_host.core.services import Services
from yimen_host.settings import Settings


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
