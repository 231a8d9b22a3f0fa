"""Looks at the database again and again with the owner's rights, in one process of a machine at a time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg
from sqlalchemy.engine import URL

from yimen_host.core.tasks import stopped
from yimen_host.runtime import roles
from yimen_host.runtime.turn import Turn

RECONNECT_SECONDS = 2.0

Look = Callable[[roles.Connection], Awaitable[float]]
"""Looks once, and says how many seconds to rest."""

log = logging.getLogger("yimen.runtime")


class Watch:
    """One of a machine's processes looks, over a connection of its own; several machines may."""

    def __init__(self, owner: URL, run_dir: Path, name: str, look: Look) -> None:
        self._owner = owner
        self._turn = Turn(run_dir / "counts" / f"{name}.lock")
        self._name = name
        self._look = look
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look, when it is this process's turn."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Look no more, and let another process."""
        task, self._task = self._task, None
        await stopped(task)
        self._turn.let_go()

    async def _run(self) -> None:
        await self._turn.come()
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(roles.conninfo(self._owner), autocommit=True) as link:
                    while True:
                        rest = await self._look(link)
                        await asyncio.sleep(rest)
            except (psycopg.Error, OSError) as error:
                log.warning("the %s cannot look at the database, trying again: %s", self._name, error)
            await asyncio.sleep(RECONNECT_SECONDS)
