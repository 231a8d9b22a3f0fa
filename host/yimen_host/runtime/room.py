"""Whether the database has a connection for everybody who may want one at the same time."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.runtime import roles
from yimen_host.runtime.metrics.counts import Counts

BESIDE_POOL = 3
"""Of a process: the one that listens, and those that look at mini-apps' sessions and at what they keep."""
_ASKED = text(
    "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int, "
    "coalesce(sum(rolconnlimit), 0) FROM pg_roles WHERE starts_with(rolname, :prefix)"
)


@dataclass(frozen=True)
class Room:
    """Connections."""

    all: int
    """That the server gives to anybody who is not its superuser."""
    apps: int
    """That all mini-apps together may take."""
    hosts: int
    """That the processes of this machine may take."""

    @property
    def is_enough(self) -> bool:
        """Whether nobody is turned away, even when everybody takes what they may."""
        return self.apps + self.hosts <= self.all


async def room(session: AsyncSession, owner: URL, processes: Iterable[Counts]) -> Room:
    """Look how much there is, and who may take it."""
    most, apps = (await session.execute(_ASKED, {"prefix": roles.prefix(owner)})).one()
    return Room(int(most), int(apps), sum(counts.pool.most + BESIDE_POOL for counts in processes))
