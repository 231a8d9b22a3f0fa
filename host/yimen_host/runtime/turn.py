"""Whose turn it is among the processes of a machine: one does a thing, and when it ends another takes over."""

import asyncio
import contextlib
import fcntl
import os
from pathlib import Path

LOOK_SECONDS = 1.0


class Turn:
    """A lock on a file, held until it is let go or the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    async def come(self) -> None:
        """Wait until it is this process's turn."""
        while not self.is_ours():  # noqa: ASYNC110  another process's lock has no event
            await asyncio.sleep(LOOK_SECONDS)

    def is_ours(self) -> bool:
        """Take the turn, when nobody else has it."""
        if self._handle is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    def let_go(self) -> None:
        """Give the turn to another."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
