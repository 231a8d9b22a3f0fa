"""The way to PostgreSQL: sessions, and who we are there. Knows no table."""

import datetime as dt
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import DateTime, MetaData, TypeDecorator, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlmodel import SQLModel

SCHEMA = "yimen"
POOL = 8  # enough for one process: work is short, and PostgreSQL's own limit is shared by all nodes
POOL_OVERFLOW = 8
POOL_SECONDS = 10.0
_PLANS = "-c plan_cache_mode=force_custom_plan"
"""Each statement is planned for its own values. One plan for all of them, on which PostgreSQL else decides after ten
times, knows neither the state nor the limit that are asked for: it uses no partial index, and reads all there is."""

AWAY = (OperationalError, PoolTimeoutError)
"""The database is away, has no room, or ended one of two that waited for each other: trying again may do."""
AGAIN = "5"
"""Seconds after which to try again, as ``Retry-After`` has it: an embedded PostgreSQL is back by then."""

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[dt.datetime]):
    """A column type: a moment in UTC, always aware."""

    impl = DateTime(timezone=True)
    cache_ok = True


def metadata() -> MetaData:
    """The tables of every feature that has been imported."""
    return SQLModel.metadata


class Database:
    """One pool of connections, all under the role that may run the host but not change its tables."""

    def __init__(self, url: str, *, pool: int = POOL) -> None:
        self.url = normalized(url)
        self.most_connections = pool + POOL_OVERFLOW
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=pool,
            max_overflow=POOL_OVERFLOW,
            pool_timeout=POOL_SECONDS,
            connect_args={"options": f"-c search_path={SCHEMA} -c role={host_role(self.url)} {_PLANS}"},
        )
        event.listen(self.engine.sync_engine, "checkout", _still_there)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose work is committed at the end of the block, or undone when it raises."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def _still_there(connection: Any, *_: object) -> None:  # Any: SQLAlchemy's adapted connection
    """Let the pool replace a connection whose server has gone, without asking the server.

    Nobody listens on a pool's connection: an idle one has something to read only when the server said farewell or the
    kernel closed it. A ping would cost every transaction a round trip.
    """
    driver = connection.driver_connection
    if driver.closed or _has_something_to_read(driver.fileno()):
        raise DisconnectionError("the server ended this connection")


def _has_something_to_read(descriptor: int) -> bool:
    looking = select.poll()
    looking.register(descriptor, select.POLLIN)
    return bool(looking.poll(0))


def normalized(url: URL | str) -> URL:
    """The address with our driver, whatever way it was written."""
    return make_url(url).set(drivername="postgresql+psycopg")


def host_role(url: URL | str) -> str:
    """The role the host works under: it cannot change tables, nor what must never change.

    Named after the owner in the address, so that two instances on one server stay apart.
    """
    return f"{normalized(url).username}_host"
