"""Hears what other processes changed: one connection that listens, and calls back."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from yimen_host.runtime.roles import Connection
from yimen_host.runtime.supervision import SupervisorUnavailable

log = logging.getLogger("yimen.runtime")

RECONNECT_SECONDS = 1.0

PAUSE_SECONDS = 0.1
"""After what was heard together: everybody on the database may speak, and must not keep a host busy by it."""
MOST_TOGETHER = 10_000
"""Notices read before they are acted on."""

Heard = Callable[[Collection[str]], Awaitable[None]]
"""Is handed the different payloads that were heard together."""


class Listener:
    """Listens on channels (LISTEN) until it is stopped. ``refresh`` runs at each (re)connection: what was missed."""

    def __init__(self, url: URL, channels: Mapping[str, Heard], refresh: Callable[[], Awaitable[None]]) -> None:
        self._conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._channels = channels
        self._refresh = refresh
        self._task: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()

    async def start(self) -> None:
        """Start, and wait until the first connection listens and everything is fresh."""
        self._task = asyncio.create_task(self._run())
        await self._connected.wait()

    async def stop(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, SQLAlchemyError, OSError, SupervisorUnavailable) as error:
                log.warning("what changed could not be heard or followed, trying again: %s", error)
            except Exception:  # the actor's outermost edge: were it to die, a host would start for ever
                log.exception("what changed could not be followed, trying again")
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
        async with connection:
            for channel in self._channels:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            await self._refresh()
            self._connected.set()
            while True:
                for channel, payloads in (await _heard(connection)).items():
                    await self._channels[channel](payloads)
                await asyncio.sleep(PAUSE_SECONDS)


async def _heard(connection: Connection) -> Mapping[str, Collection[str]]:
    """Wait for a notice, and read those that are there with it."""
    heard: dict[str, dict[str, None]] = {}
    async for first in connection.notifies(stop_after=1):
        heard.setdefault(first.channel, {})[first.payload] = None
    async for more in connection.notifies(timeout=0, stop_after=MOST_TOGETHER):
        heard.setdefault(more.channel, {})[more.payload] = None
    return heard
