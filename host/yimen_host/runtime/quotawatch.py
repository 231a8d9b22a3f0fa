"""Watches the operator's file of quotas: a change holds without a restart, and a fault changes nothing."""

import asyncio
import logging
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg

from yimen_host.core.tasks import stopped
from yimen_host.runtime.quotas import Quotas, QuotasUnreadable
from yimen_host.runtime.supervision import SupervisorRefused, SupervisorUnavailable

LOOK_SECONDS = 1.0
Seen = tuple[int, int, int] | None
"""When a file was changed, its size and its number; None when there is none."""

log = logging.getLogger("yimen.runtime")


def begin(file: Path | None, kept: Path, *, processes: int = 1) -> Quotas:
    """Read the file, or what was last read of it while it has a fault: one who mends it has nothing else go down.

    `kept` is where the last good text is. Raises QuotasUnreadable when there never was one.
    """
    try:
        quotas = Quotas.read(file, processes=processes)
    except QuotasUnreadable as error:
        if not kept.exists():
            raise
        quotas = Quotas.read(kept, processes=processes)
        quotas.fault = error.message
        log.error("the quotas that were read last go on: %s", error.message)
    else:
        _keep(file, kept)
    return quotas


class QuotaWatch:
    """Looks at one file."""

    def __init__(self, file: Path | None, quotas: Quotas, apply: Callable[[], Awaitable[None]], *, kept: Path) -> None:
        """`apply` tells the new limits to whoever keeps them outside of this process."""
        self._file = file
        self._kept = kept
        self._quotas = quotas
        self._apply = apply
        self._read = self._seen = self._look_at(file)
        self._is_applied = True
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look; without a file there is nothing to see."""
        if self._file is not None:
            self._task = asyncio.create_task(self._run(self._file), name="quotas")

    async def stop(self) -> None:
        """Look no more."""
        task, self._task = self._task, None
        await stopped(task)

    async def _run(self, file: Path) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look(file)

    async def look(self, file: Path) -> None:
        """Read the file when it changed and has come to rest: one that is being written may be half there."""
        before, self._seen = self._seen, self._look_at(file)
        if self._seen != self._read and self._seen == before:
            self._read = self._seen
            self._take(file)
        if not self._is_applied:
            await self._tell()

    def _take(self, file: Path) -> None:
        try:
            self._quotas.take_over(Quotas.read(file))
        except QuotasUnreadable as error:
            self._quotas.fault = error.message
            log.error("the quotas before this change go on: %s", error.message)
        else:
            self._quotas.fault, self._is_applied = "", False
            _keep(file, self._kept)
            log.info("the quotas of %s hold now", file)

    async def _tell(self) -> None:
        try:
            await self._apply()
            self._is_applied = True
        except (psycopg.Error, OSError, SupervisorRefused, SupervisorUnavailable) as error:
            log.warning("the new quotas are not everywhere yet, trying again: %s", error)

    @staticmethod
    def _look_at(file: Path | None) -> Seen:
        try:
            found = file.stat() if file else None
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino) if found else None


def _keep(file: Path | None, kept: Path) -> None:
    """Keep a copy of a file that could be read, for a start at which it cannot."""
    if file is None:
        kept.unlink(missing_ok=True)
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=kept.parent, encoding="utf-8", delete=False) as whole:
        whole.write(file.read_text("utf-8"))
    Path(whole.name).rename(kept)
