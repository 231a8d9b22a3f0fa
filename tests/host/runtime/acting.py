"""Acts as a mini-app at the database, with its rights and no more."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg

from yimen_host.core.services import Services
from yimen_host.runtime import roles
from yimen_host.runtime.installs import Installs

Connection = psycopg.AsyncConnection[tuple[object, ...]]


def release(place: Path, app_id: str, *migrations: str) -> None:
    """Write a mini-app's migrations."""
    directory = place / f"yimen_{app_id}" / "migrations"
    directory.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(migrations, start=1):
        (directory / f"{number:04}_step.sql").write_text(text)


def address(services: Services, app_id: str = "x") -> str:
    """Where the database is for one who acts as a mini-app."""
    return roles.conninfo(roles.acting_as(services.database.url, services.keyring, app_id))


@contextlib.asynccontextmanager
async def connected(services: Services, app_id: str = "x") -> AsyncIterator[Connection]:
    """A session of a mini-app's own, which may have been ended before it is left."""
    connection = await psycopg.AsyncConnection.connect(address(services, app_id), autocommit=True)
    try:
        yield connection
    finally:
        await connection.close()


async def refusal(services: Services) -> str:
    """What the server says to a mini-app that connects; empty when it may."""
    try:
        async with connected(services):
            return ""
    except psycopg.OperationalError as error:
        return str(error).rpartition("FATAL:  ")[2].strip()


async def cups(link: Connection, installs: Installs) -> int:
    """How many rows x has."""
    found = await link.execute(f"SELECT count(*) FROM {installs.place('x')}.cup".encode())
    ((count,),) = await found.fetchall()
    assert isinstance(count, int)
    return count
