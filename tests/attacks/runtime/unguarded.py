"""What the supervisor would be without one of its guards: for negative controls."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Collection, Mapping

from yimen_host.runtime.sandbox.guards import Guard
from yimen_host.runtime.supervisor.logs import ReleaseLog
from yimen_host.runtime.supervisor.nuisances import Keeping
from yimen_host.runtime.supervisor.releases import Release
from yimen_host.runtime.supervisor.workers import Worker
from yimen_host.runtime.supervisor.zygotes import Zygote


class OpenLog(ReleaseLog):
    """Keeps what comes as it comes."""

    is_full = False

    def feed(self, data: bytes) -> None:
        self._lines.extend(data.decode().splitlines())


class ForgivingRelease(Release):
    """Goes on with the socket it has, whatever was done to it."""

    def _listen_on(self) -> None:
        self._watch()


class PoliteWorker(Worker):
    """Is told to end, and waited for."""

    async def drain(self, seconds: float) -> None:
        self._child.send_signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._child.ended)


class TrustedWorker(Worker):
    """Need not tell that it lives."""

    async def ended(self) -> int:
        return await self._child.ended


class LeakyZygote(Zygote):
    """Has the environment of who started it."""

    @staticmethod
    def _environment() -> Mapping[str, str]:
        return os.environ


class CarelessZygote(Zygote):
    """Knows nothing of orphans."""

    _reaps = False


def keeping(without: Collection[Guard]) -> Keeping:
    """Return how releases are kept without some of the guards."""
    return Keeping(
        log=OpenLog if Guard.LOG in without else ReleaseLog,
        release=ForgivingRelease if Guard.LISTENER in without else Release,
        worker=_worker(without),
    )


def zygotes(without: Collection[Guard]) -> type[Zygote]:
    """Return what workers are forked from without some of the guards."""
    if Guard.CLEAN_ZYGOTE in without:
        return LeakyZygote
    return CarelessZygote if Guard.REAPER in without else Zygote


def _worker(without: Collection[Guard]) -> type[Worker]:
    if Guard.DEADLINE in without:
        return PoliteWorker
    return TrustedWorker if Guard.HEARTBEAT in without else Worker
