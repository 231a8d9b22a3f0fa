"""The power of a simulated process: cut before or after any message to the database, which is every place that matters.

What a process does between two messages leaves no trace, so a cut there is the cut before the next message.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg


class Cut(BaseException):
    """The process is dead. No handler of ours may catch it, as none could in reality."""


class Power:
    """Counts messages to PostgreSQL and ends the process at one of them."""

    def __init__(self) -> None:
        self._left: int | None = None
        self._before = True
        self.out = False
        self.on_cut = lambda: None

    def cut_at(self, message: int, *, before: bool) -> None:
        """Cut at the n-th message from now: before it is sent, or after it was answered."""
        self._left, self._before = message, before

    def restore(self) -> None:
        """Make no cut any more; a new process begins."""
        self._left, self.out = None, False

    @contextmanager
    def supplied(self) -> Iterator[None]:
        """Put every connection of this process under this power."""
        original = psycopg.AsyncConnection.wait

        async def wait(connection: Any, generator: Any, interval: float = 0.1) -> Any:  # Any: psycopg's generators
            if self.out or self._due(before=True):
                self._end(connection)
            result = await original(connection, generator, interval)
            if self._due(before=False):
                self._end(connection)
            if self._left is not None:
                self._left -= 1
            return result

        psycopg.AsyncConnection.wait = wait  # type: ignore[method-assign]
        try:
            yield
        finally:
            psycopg.AsyncConnection.wait = original  # type: ignore[method-assign]

    def _due(self, *, before: bool) -> bool:
        return self._left is not None and self._left <= 0 and self._before == before

    def _end(self, connection: Any) -> None:  # Any: a connection of any row type
        self.out = True
        connection.pgconn.finish()  # as the kernel does for a process that was killed
        self.on_cut()
        raise Cut
