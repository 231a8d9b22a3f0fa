"""Who looks at the database: one process at a time, and again after its connection was lost."""

import asyncio
from pathlib import Path

import pytest

from yimen_host.core.services import Services
from yimen_host.runtime import roles, turn, watch
from yimen_host.runtime.watch import Watch

SECONDS = 10.0  # for what is to happen at once


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are short."""
    monkeypatch.setattr(turn, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(watch, "RECONNECT_SECONDS", 0.01)


class Looking:
    """Counts its looks; a look that is number ``fatal`` loses its connection."""

    def __init__(self, services: Services, place: Path, *, fatal: int = 0) -> None:
        self.looks = 0
        self._fatal = fatal
        self._looked = asyncio.Event()
        self.watch = Watch(services.database.url, place, "test", self._look)

    async def _look(self, link: roles.Connection) -> float:
        self.looks += 1
        self._looked.set()
        if self.looks == self._fatal:
            await link.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return 0.01

    async def next(self) -> None:
        """Wait for a look that begins from now on."""
        self._looked.clear()
        await asyncio.wait_for(self._looked.wait(), SECONDS)


async def test_one_looks_at_a_time_and_another_takes_over(services: Services, tmp_path: Path) -> None:
    first, second = Looking(services, tmp_path), Looking(services, tmp_path)
    first.watch.start()
    await first.next()
    second.watch.start()
    for _ in range(5):
        await first.next()
    meanwhile = second.looks

    await first.watch.stop()
    ended = first.looks
    await second.next()
    await second.watch.stop()

    assert (meanwhile, first.looks) == (0, ended)


async def test_it_looks_again_after_its_connection_was_lost(services: Services, tmp_path: Path) -> None:
    looking = Looking(services, tmp_path, fatal=2)
    looking.watch.start()
    while looking.looks < 4:
        await looking.next()

    await looking.watch.stop()
