"""The supervisor itself: the releases that are armed, and the level of isolation that its canary shows."""

import asyncio
import hashlib
import logging
import os
import shutil
import socket
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from yimen_host.core.tasks import stopped
from yimen_host.runtime.complaints import LEVEL_TOO_LOW, Why, in_english
from yimen_host.runtime.contract import Armed, Concern, IsolationReport, ReleaseSpec, ReleaseStatus, Remark
from yimen_host.runtime.probes.probe import Finding
from yimen_host.runtime.sandbox.layers import LEVEL_NAMES
from yimen_host.runtime.supervisor import belongings, isolation
from yimen_host.runtime.supervisor.canary import Canary
from yimen_host.runtime.supervisor.config import SupervisorConfig
from yimen_host.runtime.supervisor.logs import ReleaseLog
from yimen_host.runtime.supervisor.platforms import Platforms
from yimen_host.runtime.supervisor.releases import Release
from yimen_host.runtime.supervisor.workers import Worker, WorkerFailed
from yimen_host.runtime.supervisor.workshop import Workshop
from yimen_host.runtime.supervisor.zygotes import ZygoteLost
from yimen_sdk.saying import Said

LOOK_SECONDS = 10.0
"""Between two looks at whether it is time for a check or a fresh zygote."""
CHECK_SECONDS = 3600.0
"""Between two canaries."""
RENEW_SECONDS = 86_400.0
"""A zygote's life: all its workers share one layout of addresses, which should not be learned for long."""

logger = logging.getLogger("yimen.supervisor")


class UnknownRelease(Exception):
    """The named release is not armed."""


class StillArmed(Exception):
    """A release of the mini-app is armed, and might write meanwhile."""


class Supervisor:
    """Everything the supervisor does, without its control socket."""

    def __init__(self, config: SupervisorConfig) -> None:
        self._config = config
        self._releases: dict[tuple[str, str], Release] = {}
        self._workshop = Workshop(config)
        self._canary = Canary(self._workshop, config)
        self._claimed = IsolationReport(0, LEVEL_NAMES[0], ())
        self._isolation = self._claimed
        self._platforms = Platforms(config.api_dir, config.host_uid)
        self._checked = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self._packing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Prepare the directories, find out what the machine offers, and send the first canary."""
        config = self._config
        config.releases_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(config.releases_dir, config.host_uid, -1)
        survey = await self._workshop.open()
        notes = [Remark(Concern.UNREADABLE, str(path)) for path in self._workshop.unreadable()]
        self._claimed = isolation.report(survey, off=config.layers_off, notes=notes)
        self._isolation = replace(self._claimed, notes=(*self._claimed.notes, Remark(Concern.BEING_CHECKED)))
        for entry in self._claimed.layers:
            logger.info("layer %s: %s %s", entry.layer, entry.state, entry.why.message if entry.why else "")
        self._watch = asyncio.create_task(self._keep_watch(), name="canary")

    async def close(self) -> None:
        """Drain every release, end the zygote, leave nothing behind."""
        watch, self._watch = self._watch, None
        await stopped(watch)
        await asyncio.gather(*(release.close() for release in self._releases.values()))
        self._releases.clear()
        await self._workshop.close()
        self._platforms.close()

    async def arm(self, spec: ReleaseSpec) -> Armed:
        """Open the release's socket, once the first canary is back. Idempotent; another specification replaces it."""
        await self._checked.wait()
        key = (spec.app_id, spec.version)
        release = self._releases.get(key)
        if release and replace(release.spec, limits=spec.limits) != spec:
            await release.replace(spec)
        if release:
            release.limit(spec.limits)
        if not release:
            # A digest, because a socket's path is short and a mini-app's name and version may not be.
            name = hashlib.sha256(f"{spec.app_id} {spec.version}".encode()).hexdigest()[:16]
            directory = self._config.releases_dir / name
            directory.mkdir(mode=0o711, exist_ok=True)
            if self._config.api_dir / spec.app_id in spec.sockets.values():
                self.api_listener(spec.app_id)  # a worker is given the directory, whether or not a host asked for it
            self._releases[key] = release = Release(spec, directory, self._start_worker)
            if refusal := self._refusal(spec):
                release.refuse(refusal)
            else:
                release.open()
        return Armed(release.socket)

    async def disarm(self, app_id: str, version: str) -> None:
        """Drain the release and forget it; nothing happens when it is not armed."""
        release = self._releases.pop((app_id, version), None)
        if release:
            await release.close()
            self._workshop.groups.remove(f"{app_id}-{version}")
            shutil.rmtree(release.socket.parent, ignore_errors=True)

    def status(self) -> list[ReleaseStatus]:
        """Tell where every armed release stands."""
        return [release.status() for _, release in sorted(self._releases.items())]

    def log(self, app_id: str, version: str, lines: int) -> list[str]:
        """Return the last lines of a release. Raises UnknownRelease."""
        release = self._releases.get((app_id, version))
        if not release:
            raise UnknownRelease(f"{app_id} {version} is not armed")
        return release.log.tail(lines)

    def api_listener(self, app_id: str) -> socket.socket:
        """Return the listening socket on which a mini-app's workers reach the platform; every host process accepts."""
        number = self._workshop.number(app_id)
        return self._platforms.listener(app_id, number if number != os.getuid() else None)

    async def erase(self, app_id: str, data: Path) -> bool:
        """Empty the directory of a mini-app that is not armed; return False when the directory is not its user's.

        Raises StillArmed, or OSError when something in it cannot be deleted.
        """
        owner = self._owner(app_id, data)
        if owner is not None:
            await asyncio.to_thread(belongings.empty, data, owner)
        return owner is not None

    def export(self, app_id: str, data: Path) -> int | None:
        """Return a pipe from which what the directory holds is read, None when it is not the mini-app's user's.

        Raises StillArmed. The caller closes the descriptor.
        """
        owner = self._owner(app_id, data)
        if owner is None:
            return None
        reader, writer = os.pipe()
        packing = asyncio.create_task(asyncio.to_thread(belongings.pack, data, owner, os.fdopen(writer, "wb")))
        self._packing.add(packing)
        packing.add_done_callback(self._packed)
        return reader

    def isolation(self) -> IsolationReport:
        """Tell what this machine was shown to offer."""
        return self._isolation

    async def check(self) -> None:
        """Send a canary and let the level be what it shows: lower at once when an attack succeeds."""
        try:
            findings = await self._canary.attack()
        except WorkerFailed as failed:
            self._conclude([], failed.why)
        except (ZygoteLost, OSError) as error:
            self._conclude([], (Said(message=str(error) or type(error).__name__),))
        else:
            self._conclude(findings, ())
        self._checked.set()

    def _owner(self, app_id: str, data: Path) -> int | None:
        if any(armed == app_id for armed, _ in self._releases):
            raise StillArmed(f"a release of {app_id} is armed")
        owner = self._workshop.keeper(app_id)
        return owner if owner is not None and belongings.belongs(data, owner) else None

    def _packed(self, packing: asyncio.Task[None]) -> None:
        self._packing.discard(packing)
        if not packing.cancelled() and (error := packing.exception()):
            logger.error("what a mini-app keeps could not be packed: %s", error)

    async def _start_worker(self, spec: ReleaseSpec, listener: int, log: ReleaseLog) -> Worker:
        if refusal := self._refusal(spec):
            raise WorkerFailed(refusal)
        return await self._workshop.start(spec, listener, log)

    def _refusal(self, spec: ReleaseSpec) -> Why:
        """Return why a release may not start on this machine; empty when it may."""
        has = self._isolation.level
        return (LEVEL_TOO_LOW.said(needs=spec.minimum_level, has=has),) if has < spec.minimum_level else ()

    def _conclude(self, findings: Sequence[Finding], failure: Why) -> None:
        self._isolation = report = isolation.judged(self._claimed, findings, failure, datetime.now(UTC))
        for remark in report.alerts:
            logger.error("isolation: %s %s %s", remark.concern, remark.about, remark.how or in_english(remark.why))
        logger.info("isolation level %d, %s, after %d probes", report.level, report.name, report.probes)

    async def _keep_watch(self) -> None:
        """Check at start, hourly and after an upgrade; renew the zygote daily and after an upgrade."""
        now = asyncio.get_running_loop().time
        await self.check()
        checked = renewed = now()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            outdated = await asyncio.to_thread(self._workshop.is_outdated)
            if outdated or now() - renewed >= RENEW_SECONDS:
                renewed = now()
                await self._renew()
            if outdated or now() - checked >= CHECK_SECONDS:
                await self.check()
                checked = now()
            await self._workshop.let_retired_go()

    async def _renew(self) -> None:
        try:
            await self._workshop.renew()
        except ZygoteLost as lost:
            logger.error("workers are still forked from the old zygote: %s", lost)
