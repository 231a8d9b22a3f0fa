"""The power of a simulated process: cut before or after any message to the database, which is every place that matters.

What a process does between two messages leaves no trace, so a cut there is the cut before the next message.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

import psycopg

from tests.simulation.turns import Turns


class Cut(BaseException):
    """The process is dead. No handler of ours may catch it, as none could in reality."""


class Power:
    """Counts messages to PostgreSQL and ends the process at one of them."""

    def __init__(self) -> None:
        self.turns: Turns | None = None
        """Of several steps at one moment."""
        self.out = asyncio.Event()
        self._left: int | None = None
        self._before = True
        self._connections: WeakSet[Any] = WeakSet()  # Any: connections of any row type

    def cut_at(self, message: int, *, before: bool) -> None:
        """Cut at the n-th message from now: before it is sent, or after it was answered."""
        self._left, self._before = message, before

    def close_all(self) -> None:
        """Close every connection, as the kernel does for a process that was killed: its locks go with them."""
        for connection in self._connections:
            connection.pgconn.finish()
        self._connections.clear()

    def restore(self) -> None:
        """Make no cut any more; a new process begins."""
        self._left, self.out = None, asyncio.Event()

    async def go_far(self) -> None:
        """Let others be first while a call is on its way beyond the process, where no power is needed."""
        if self.turns is not None:
            await self.turns.take(_nothing, None)

    @contextmanager
    def supplied(self) -> Iterator[None]:
        """Put every connection of this process under this power."""
        wait, connect = psycopg.AsyncConnection.wait, psycopg.AsyncConnection.connect

        async def waiting(connection: Any, generator: Any, interval: float = 0.1) -> Any:  # Any: psycopg's generators
            async def send() -> Any:  # Any: psycopg's answer
                if self.out.is_set() or self._due(before=True):
                    self._end(connection)
                result = await wait(connection, generator, interval)
                if self._due(before=False):
                    self._end(connection)
                if self._left is not None:
                    self._left -= 1
                return result

            return await (self.turns.take(send, connection.pgconn.backend_pid) if self.turns else send())

        async def connecting(*where: Any, **how: Any) -> Any:  # Any: psycopg's parameters
            async def send() -> Any:  # Any: a connection
                connection = await connect(*where, **how)
                self._connections.add(connection)
                return connection

            return await (self.turns.take(send, None) if self.turns else send())

        psycopg.AsyncConnection.wait = waiting  # type: ignore[method-assign,assignment]
        psycopg.AsyncConnection.connect = connecting  # type: ignore[method-assign]
        try:
            yield
        finally:
            psycopg.AsyncConnection.wait = wait  # type: ignore[method-assign]
            psycopg.AsyncConnection.connect = connect  # type: ignore[method-assign]

    def _due(self, *, before: bool) -> bool:
        return self._left is not None and self._left <= 0 and self._before == before

    def _end(self, connection: Any) -> None:  # Any: a connection of any row type
        self.out.set()
        if self.turns is not None:
            self.turns.end()
        connection.pgconn.finish()  # the others follow when nothing of the process listens to them any more
        raise Cut


async def _nothing() -> None:
    """What a call beyond the process sends to the database."""
