"""The pool of connections: what the server ended is replaced before anybody meets it."""

import asyncio

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.database import Database
from yimen_host.core.services import Services

OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


async def whoami(session: AsyncSession) -> int:
    """The server's process of this connection."""
    return int((await session.execute(text("SELECT pg_backend_pid()"))).scalar_one())


async def use(database: Database, together: int) -> set[int]:
    """So many transactions at once, and the server's processes they had."""
    barrier = asyncio.Barrier(together)

    async def one() -> int:
        async with database.transaction() as session:
            pid = await whoami(session)
            await barrier.wait()
            return pid

    return set(await asyncio.gather(*(one() for _ in range(together))))


@pytest.mark.parametrize("idle", [1, 5])
async def test_connections_that_the_server_ended_are_replaced(services: Services, idle: int) -> None:
    database = services.database
    before = await use(database, idle)
    owner = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with await psycopg.AsyncConnection.connect(owner, autocommit=True) as other:
        await other.execute(OTHERS)

    after = await use(database, idle)

    assert (len(before), len(after), before & after) == (idle, idle, set())


async def test_a_connection_that_lives_is_used_again(services: Services) -> None:
    assert await use(services.database, 1) == await use(services.database, 1)


async def test_a_connection_that_closed_itself_is_replaced(services: Services) -> None:
    before = await use(services.database, 1)
    async with services.database.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    await driver.close()

    after = await use(services.database, 1)

    assert (len(after), before & after) == (1, set())
