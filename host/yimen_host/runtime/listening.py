"""Hears what other processes changed: one connection that listens, and calls back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from yimen_host.core.tasks import stopped
from yimen_host.runtime.roles import Connection
from yimen_host.runtime.supervision import SupervisorUnavailable

log = logging.getLogger("yimen.runtime")

RECONNECT_SECONDS = 1.0

PAUSE_SECONDS = 0.1
"""After what was heard together: everybody on the database may speak, and must not keep a host busy by it."""
MOST_TOGETHER = 10_000
"""Different payloads that wait on a channel; past that everything is read anew, for some of them may be true."""

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
        task, self._task = self._task, None
        await stopped(task)

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
            heard = _Heard()
            await _first_of(_hear(connection, heard), self._act(heard))

    async def _act(self, heard: "_Heard") -> None:
        while True:
            await heard.something.wait()
            payloads, too_many = heard.take()
            if too_many:
                await self._refresh()
            for channel, different in payloads.items():
                await self._channels[channel](different)
            await asyncio.sleep(PAUSE_SECONDS)


class _Heard:
    """What was heard and not acted on yet: each different payload once."""

    def __init__(self) -> None:
        self.something = asyncio.Event()
        self._payloads: dict[str, set[str]] = {}
        self._too_many = False

    def add(self, channel: str, payload: str) -> None:
        payloads = self._payloads.setdefault(channel, set())
        payloads.add(payload)
        if len(payloads) > MOST_TOGETHER:
            payloads.clear()
            self._too_many = True
        self.something.set()

    def take(self) -> tuple[Mapping[str, Collection[str]], bool]:
        """Return all of it, and whether it was so much that some is missing."""
        taken = self._payloads, self._too_many
        self._payloads, self._too_many = {}, False
        self.something.clear()
        return taken


async def _hear(connection: Connection, heard: _Heard) -> None:
    """Read at once whatever comes: what nobody reads piles up at the server until nobody can speak."""
    async for notice in connection.notifies():
        heard.add(notice.channel, notice.payload)


async def _first_of(*doings: Coroutine[None, None, None]) -> None:
    """Do things beside each other until one ends, and end the others; raises what it raised."""
    tasks = [asyncio.create_task(doing) for doing in doings]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await stopped(*tasks)
