"""One armed release: its listening socket for as long as it is armed, and at most one worker that accepts on it."""

import asyncio
import select
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from yimen_host.runtime.complaints import THREE_DEATHS, TOO_MANY_BYTES, TOO_MANY_FILES, Why, ending, in_english
from yimen_host.runtime.contract import LayerReport, Limits, ReleaseSpec, ReleaseState, ReleaseStatus
from yimen_host.runtime.supervisor import disk
from yimen_host.runtime.supervisor.logs import ReleaseLog
from yimen_host.runtime.supervisor.states import TRANSITIONS, Event, rest_after
from yimen_host.runtime.supervisor.workers import Worker, WorkerFailed
from yimen_host.runtime.supervisor.zygotes import ZygoteLost

_BACKLOG = 512
_STATUS_LINES = 20
_SETTLE_SECONDS = 0.2
"""Between taking the socket's name away and ending the worker: connections made just before are still accepted."""
_ZYGOTE_SECONDS = 0.5
"""Before a release asks again for a worker that the zygote could not fork."""

Starter = Callable[[ReleaseSpec, int, ReleaseLog], Awaitable[Worker]]
"""Starts a worker of a release on a listening descriptor. Raises WorkerFailed or ZygoteLost."""


class Release:
    """A release from arming to disarming."""

    def __init__(self, spec: ReleaseSpec, directory: Path, start: Starter) -> None:
        self.spec = spec
        self.log = ReleaseLog(spec.limits)
        self.socket = directory / "app.sock"
        self._start = start
        self._listener: socket.socket | None = None
        self._state = ReleaseState.READY
        self._since = datetime.now(UTC)
        self._worker: Worker | None = None
        self._run: asyncio.Task[None] | None = None
        self._starts = 0
        self._deaths: list[float] = []
        self._why: Why = ()
        self._replaced = 0
        self._full = False
        """Whether its data was over the limit when it was last looked at."""
        self._layers: tuple[LayerReport, ...] = ()

    @property
    def worker(self) -> Worker | None:
        """Who serves it now."""
        return self._worker

    @property
    def state(self) -> ReleaseState:
        """Where it stands."""
        return self._state

    def open(self) -> None:
        """Listen, and wake on the first connection."""
        self.socket.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.socket))
        self.socket.chmod(0o666)
        self._listener.listen(_BACKLOG)
        self._listener.setblocking(False)
        self._watch()

    def refuse(self, why: Why) -> None:
        """Quarantine it before it ever runs: it may not start on this machine."""
        self._condemn(why)

    async def replace(self, spec: ReleaseSpec) -> None:
        """Go on with another specification; the worker of the old one is drained, connections wait meanwhile."""
        self.spec = spec
        self._replaced += 1
        if self._worker:
            await self._worker.drain(self.spec.limits.drain_seconds)

    def limit(self, limits: Limits) -> None:
        """Go on with other limits: of the log and the data at once, of the rest from the next worker on."""
        self.spec = replace(self.spec, limits=limits)
        self.log.limits = limits

    async def close(self) -> None:
        """Take the socket away, drain the worker, forget the release."""
        self._enter(Event.DISARMED)
        self.socket.unlink(missing_ok=True)
        if worker := self._worker:
            await asyncio.sleep(_SETTLE_SECONDS)
            await worker.drain(self.spec.limits.drain_seconds)
        if self._run:
            await self._run
        self._stop_listening()

    def status(self) -> ReleaseStatus:
        """Tell where it stands."""
        return ReleaseStatus(
            app_id=self.spec.app_id,
            version=self.spec.version,
            state=self._state,
            since=self._since,
            pid=self._worker.pid if self._worker else None,
            starts=self._starts,
            deaths=len(self._deaths),
            why=self._why,
            log_tail=tuple(self.log.tail(_STATUS_LINES)),
            layers=self._layers,
        )

    def _listen_on(self) -> None:
        """Wait for the next connection; on a new socket when the worker shut down the one it was lent."""
        assert self._listener is not None, "only an open release listens"
        poll = select.poll()
        poll.register(self._listener, 0)
        if poll.poll(0):  # only a hang-up or an error is told when nothing is asked for
            self.log.note("its worker shut its socket down; it gets a new one")
            self._stop_listening()
            self.open()
        else:
            self._watch()

    def _watch(self) -> None:
        assert self._listener is not None, "only an open release is watched"
        asyncio.get_running_loop().add_reader(self._listener, self._wake)

    def _wake(self) -> None:
        assert self._listener is not None, "only an open release wakes"
        asyncio.get_running_loop().remove_reader(self._listener)
        self._enter(Event.CONNECTION)
        self._run = asyncio.create_task(self._live(), name=f"release {self.spec.app_id} {self.spec.version}")

    async def _live(self) -> None:
        """Run one worker from fork to end, then decide what follows."""
        replaced, complaint = self._replaced, Why()
        try:
            status = await self._run_worker()
            if status != 0:
                complaint = (self._worker and self._worker.complaint) or ending(status)
        except WorkerFailed as failure:
            complaint = failure.why
        except ZygoteLost as lost:
            self.log.note(f"{lost}; trying again")  # not the release's fault: it counts as no death
            await asyncio.sleep(_ZYGOTE_SECONDS)
        self._worker = None
        if self._state is ReleaseState.STOPPED:
            return
        if complaint and replaced == self._replaced:
            await self._mourn(complaint)
        else:
            self._enter(Event.SLEPT)
        if self._state is ReleaseState.READY:
            self._listen_on()

    async def _run_worker(self) -> int:
        assert self._listener is not None, "only an open release runs"
        self._starts += 1
        self._worker = worker = await self._start(self._spec_with_room(), self._listener.fileno(), self.log)
        self._layers = worker.layers
        if self._state is ReleaseState.STOPPED:
            await worker.drain(self.spec.limits.drain_seconds)
        try:
            await worker.answers()
        except WorkerFailed:
            status = await worker.ended()
            self.log.note(in_english(ending(status)))
            raise
        if self._state is ReleaseState.STARTING:
            self._enter(Event.ANSWERING)
            self._why = ()
        watch = asyncio.create_task(self._watch_disk(worker))
        try:
            return await worker.ended()
        finally:
            watch.cancel()

    def _spec_with_room(self) -> ReleaseSpec:
        if not self._full:
            return self.spec
        self.log.note(f"its data is over {self.spec.limits.disk} bytes: it may delete, but not write")
        return replace(self.spec, limits=replace(self.spec.limits, disk=0))

    async def _watch_disk(self, worker: Worker) -> None:
        """End the worker when it keeps more than it may; the next may delete, but not write, until there is room."""
        was_full = self._full
        pause = disk.LOOK_SECONDS
        while True:
            await asyncio.sleep(pause)
            began, limits = time.monotonic(), self.spec.limits
            found = await asyncio.to_thread(disk.usage, self.spec.data, limits)
            pause = max(disk.LOOK_SECONDS, (time.monotonic() - began) / disk.SHARE)
            self._full = found.is_full(limits)
            if found.is_crowded(limits):
                worker.kill(TOO_MANY_FILES.said(files=limits.files))
            elif self._full and not was_full:
                worker.kill(TOO_MANY_BYTES.said(size=limits.disk))
            elif was_full and not self._full:
                await worker.drain(self.spec.limits.drain_seconds)

    async def _mourn(self, complaint: Why) -> None:
        now = time.monotonic()
        self._deaths.append(now)
        self._why = complaint
        self.log.note(in_english(complaint))
        self._enter(Event.DIED)
        rest = rest_after(self._deaths, now)
        if rest is None:
            self._condemn((THREE_DEATHS.said(), *complaint))
            return
        await asyncio.sleep(rest)
        if self._state is ReleaseState.UNWELL:
            self._enter(Event.RESTED)

    def _condemn(self, why: Why) -> None:
        self._enter(Event.CONDEMNED)
        self._why = why
        self.log.note(f"quarantined: {in_english(why)}")
        self.socket.unlink(missing_ok=True)
        self._stop_listening()

    def _stop_listening(self) -> None:
        if self._listener:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _enter(self, event: Event) -> None:
        self._state = TRANSITIONS[self._state, event]
        self._since = datetime.now(UTC)
