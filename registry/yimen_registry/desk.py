"""What every part of the façade stands on: the database, the clock, the blobs, and one transaction per call."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from yimen_registry.blobs import Blobs
from yimen_registry.errors import ReleaseUnfit
from yimen_registry.log import store as log
from yimen_registry.records import ReleaseRecord, record_of
from yimen_registry.releases.store import Release
from yimen_registry.wheel import Limits

Now = Callable[[], dt.datetime]
Unfit = Callable[[ReleaseRecord], Awaitable[str]]
"""Tells why the host cannot run a release any more; empty when it can."""


class Desk:
    """A place to work at: sessions to read and to act in."""

    def __init__(
        self, engine: AsyncEngine, blobs: Path, now: Now, *, limits: Limits | None = None, unfit: Unfit | None = None
    ) -> None:
        self.engine = engine
        self.now = now
        self.blobs = Blobs(blobs)
        self.limits = limits or Limits()
        self._unfit = unfit

    async def require_fit(self, release: Release) -> None:
        """Pass when the host can run it. Raises ReleaseUnfit."""
        if self._unfit and (reason := await self._unfit(record_of(release, self.blobs))):
            raise ReleaseUnfit(reason)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Lend a session that writes nothing."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def acting(self) -> AsyncIterator[AsyncSession]:
        """Lend a transaction that is an act: acts follow one another, in the order of the log."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            await log.lock(session)
            yield session
