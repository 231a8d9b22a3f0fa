"""Judge nuisances: let a release misbehave as any could, and see from outside whether somebody is harmed."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from yimen_host.runtime.complaints import TRIAL_OVER, in_english
from yimen_host.runtime.contract import ReleaseSpec, ReleaseState
from yimen_host.runtime.probes.nuisances import LAST_LINE, STOLEN
from yimen_host.runtime.probes.probe import Finding, Outcome, Probe
from yimen_host.runtime.supervisor.logs import KEPT_LINES, ReleaseLog
from yimen_host.runtime.supervisor.releases import Release, Starter
from yimen_host.runtime.supervisor.workers import Worker

_LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Keeping:
    """How releases are kept. Tests put in others, each without one of the guards."""

    log: type[ReleaseLog] = ReleaseLog
    release: type[Release] = Release
    worker: type[Worker] = Worker

    def open(self, spec: ReleaseSpec, place: Path, start: Starter) -> Release:
        """Open a release in a directory of its own."""
        place.mkdir(mode=0o711)
        release = self.release(spec, place, start)
        release.log = self.log(spec.limits)
        release.open()
        return release


Start = Callable[[int, ReleaseLog], Awaitable[Worker]]
"""Starts the worker that misbehaves, on a listening descriptor and with its log."""


class Encounter:
    """One release that misbehaves, and its visitors."""

    def __init__(self, release: Release, workers: Sequence[Worker], patience: float) -> None:
        self.release = release
        self.workers = workers
        """Those that ran, in order."""
        self.patience = patience
        """How many seconds to wait for what must come."""

    async def visit(self) -> bytes:
        """Connect and return what is answered at once; nothing while nobody answers. Raises OSError."""
        with socket.socket(socket.AF_UNIX) as visitor:
            visitor.setblocking(False)
            await asyncio.get_running_loop().sock_connect(visitor, str(self.release.socket))
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    return await asyncio.get_running_loop().sock_recv(visitor, len(STOLEN))
        return b""

    async def comes(self, what: Callable[[], bool]) -> bool:
        """Wait until something is so, or patience ends; return whether it came."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.patience):
                while not what():  # noqa: ASYNC110  a release has no event for everything
                    await asyncio.sleep(_LOOK_SECONDS)
        return what()

    async def worker(self) -> Worker:
        """Wake the release and return its first worker. Raises TimeoutError when it has none."""
        await self.visit()
        if not await self.comes(lambda: bool(self.workers)):
            raise TimeoutError(f"no worker came: {in_english(self.release.status().why)}")
        return self.workers[0]

    def own_lines(self) -> list[str]:
        """Return what the log kept."""
        return self.release.log.tail(KEPT_LINES)


Judge = Callable[[Encounter], Awaitable[bool]]
"""Lets it happen and tells whether it succeeded. Raises OSError or TimeoutError when that cannot be told."""


async def judged(
    probe: Probe, spec: ReleaseSpec, place: Path, start: Start, *, keeping: Keeping, patience: float
) -> Finding:
    """Let one nuisance happen in a release of its own, whose socket is in `place`, and tell what came of it."""
    workers: list[Worker] = []

    async def start_one(asked: ReleaseSpec, listener: int, log: ReleaseLog) -> Worker:
        workers.append(await start(listener, log))
        return workers[-1]

    release = keeping.open(spec, place, start_one)
    try:
        succeeded = await _JUDGES[probe.name](Encounter(release, workers, patience))
    except (OSError, TimeoutError) as error:
        return Finding(probe.name, Outcome.BROKEN, str(error) or type(error).__name__)
    finally:
        await _end(release)
    return Finding(probe.name, Outcome.OPEN if succeeded else Outcome.STOPPED, "" if succeeded else "supervisor")


async def _end(release: Release) -> None:
    """End it whatever guards it: the worker at once, the release after it."""
    if release.state is ReleaseState.STOPPED:
        return
    ending = asyncio.create_task(release.close())
    while not ending.done():
        if release.worker:
            release.worker.kill(TRIAL_OVER.said())
        await asyncio.wait([ending], timeout=_LOOK_SECONDS)
    await ending


async def _floods(encounter: Encounter) -> bool:
    worker = await encounter.worker()
    await asyncio.wait([worker.silent], timeout=encounter.patience)
    kept = [line for line in encounter.own_lines() if not line.startswith("*")]
    return len(kept) > encounter.release.spec.limits.log_lines


async def _told_all(encounter: Encounter) -> list[str]:
    await encounter.worker()
    last = LAST_LINE.decode().strip()
    if not await encounter.comes(lambda: any(last in line for line in encounter.own_lines())):
        raise TimeoutError("its lines did not come")
    return encounter.own_lines()


async def _forges(encounter: Encounter) -> bool:
    return any(line.startswith("*") for line in await _told_all(encounter))


async def _drives(encounter: Encounter) -> bool:
    return any(not line.isprintable() for line in await _told_all(encounter))


async def _shuts(encounter: Encounter) -> bool:
    await encounter.worker()
    if not await encounter.comes(lambda: encounter.release.worker is None):
        raise TimeoutError("it did not end")
    before = len(encounter.workers)
    try:
        await encounter.visit()
    except ConnectionRefusedError:
        return True
    return not await encounter.comes(lambda: len(encounter.workers) > before)


async def _outlives(encounter: Encounter) -> bool:
    """Who left nobody behind is silent; who left somebody takes the next visitor."""
    worker = await encounter.worker()
    await encounter.comes(lambda: encounter.release.worker is not worker)
    for _ in range(int(encounter.patience / _LOOK_SECONDS)):
        if worker.silent.done():
            return False
        if await encounter.visit() == STOLEN:
            return True
    raise TimeoutError("neither an end nor an answer")


async def _ignores(encounter: Encounter) -> bool:
    worker = await encounter.worker()
    if not await encounter.comes(lambda: encounter.release.state is ReleaseState.RUNNING):
        raise TimeoutError("it never served")
    closing = asyncio.create_task(encounter.release.close())
    try:
        await asyncio.wait([worker.silent], timeout=encounter.patience)
        return not worker.silent.done()
    finally:
        worker.kill(TRIAL_OVER.said())
        await closing


async def _stands_still(encounter: Encounter) -> bool:
    worker = await encounter.worker()
    await asyncio.wait([worker.silent], timeout=encounter.patience)
    return not worker.silent.done()


_JUDGES: Mapping[str, Judge] = {
    "flood-log": _floods,
    "forge-log-record": _forges,
    "drive-terminal-by-log": _drives,
    "shut-listener": _shuts,
    "outlive-own-end": _outlives,
    "outlive-own-end-by-a-chain": _outlives,
    "ignore-order-to-end": _ignores,
    "stand-still": _stands_still,
}
"""How each nuisance is judged."""
