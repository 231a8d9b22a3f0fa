"""A registry on a database of its own, with a clock that ticks by itself."""

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from yimen_registry import Registry, migrate
from yimen_registry.testing import Clock, Town, found_town


@pytest.fixture
def engine(database_url: str) -> AsyncEngine:
    """An engine on a migrated database."""
    migrate(database_url)
    return create_async_engine(make_url(database_url), poolclass=NullPool)


@pytest.fixture
def clock() -> Clock:
    """The clock of the registry."""
    return Clock()


@pytest.fixture
def registry(engine: AsyncEngine, tmp_path: Path, clock: Clock) -> Registry:
    """An empty registry."""
    return Registry(engine, tmp_path / "blobs", clock)


@pytest.fixture
async def town(registry: Registry, tmp_path: Path, clock: Clock) -> Town:
    """A registry where Mei owns a publisher and has a token."""
    return await found_town(registry, tmp_path, clock)
