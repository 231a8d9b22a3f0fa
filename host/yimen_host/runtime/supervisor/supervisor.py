"""The supervisor itself: the releases that are armed, the zygote they are forked from, what the machine offers."""

import asyncio
import contextlib
import logging
import os
import re
import shutil
import socket
from dataclasses import replace
from pathlib import Path

from yimen_host.runtime.contract import Armed, IsolationReport, ReleaseSpec, ReleaseStatus
from yimen_host.runtime.sandbox import kernel
from yimen_host.runtime.sandbox.confinement import Confinement, Limits, Mount
from yimen_host.runtime.sandbox.layers import Layer
from yimen_host.runtime.supervisor import isolation, users
from yimen_host.runtime.supervisor.cgroups import ControlGroups, Group
from yimen_host.runtime.supervisor.config import SupervisorConfig
from yimen_host.runtime.supervisor.interpreter import this_interpreter, unreadable
from yimen_host.runtime.supervisor.logs import ReleaseLog
from yimen_host.runtime.supervisor.releases import Release
from yimen_host.runtime.supervisor.workers import Worker, WorkerFailed
from yimen_host.runtime.supervisor.zygotes import Zygote
from yimen_host.runtime.zygote.orders import Orders

_INSIDE_TREE, _INSIDE_DATA, _INSIDE_SOCKETS = Path("/app"), Path("/data"), Path("/run/yimen")
_SURVEYOR = "yimen-survey"
_PLACE = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)\}")

logger = logging.getLogger("yimen.supervisor")


class UnknownRelease(Exception):
    """The named release is not armed."""


class Supervisor:
    """Everything the supervisor does, without its control socket."""

    def __init__(self, config: SupervisorConfig) -> None:
        self._config = config
        self._interpreter = this_interpreter()
        self._releases: dict[tuple[str, str], Release] = {}
        self._users = users.Users(config.state_dir / "users.json", config.first_uid)
        self._groups = ControlGroups.find(f"yimen-{os.getpid()}")
        self._layers: frozenset[Layer] = frozenset()
        self._isolation = IsolationReport(0, "none", ())
        self._zygote: Zygote | None = None
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Prepare the directories, start the zygote and find out what the machine offers."""
        config = self._config
        config.releases_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(config.releases_dir, config.host_uid, -1)
        config.staging_dir.mkdir(mode=0o755, exist_ok=True)
        self._layers = isolation.wanted(config.layers_off)
        if not isolation.can_make(self._namespaces()):
            self._layers -= {Layer.USER, Layer.PID}
        await self._survey()

    async def close(self) -> None:
        """Drain every release, end the zygote, leave nothing behind."""
        await asyncio.gather(*(release.close() for release in self._releases.values()))
        self._releases.clear()
        if self._zygote:
            await self._zygote.close()
        self._groups.close()

    async def arm(self, spec: ReleaseSpec) -> Armed:
        """Open the release's socket. Idempotent; another specification replaces the one before."""
        key = (spec.app_id, spec.version)
        release = self._releases.get(key)
        if release and release.spec != spec:
            await release.replace(spec)
        if not release:
            directory = self._config.releases_dir / f"{spec.app_id}-{spec.version}"
            directory.mkdir(mode=0o711, exist_ok=True)
            self._releases[key] = release = Release(spec, directory, self._start_worker)
            if self._isolation.level < spec.minimum_level:
                has = self._isolation.level
                release.refuse(f"it needs isolation level {spec.minimum_level}, this machine has {has}")
            else:
                release.open()
        return Armed(release.socket)

    async def disarm(self, app_id: str, version: str) -> None:
        """Drain the release and forget it; nothing happens when it is not armed."""
        release = self._releases.pop((app_id, version), None)
        if release:
            await release.close()
            self._groups.remove(f"{app_id}-{version}")
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

    def isolation(self) -> IsolationReport:
        """Tell what this machine offers."""
        return self._isolation

    async def _start_worker(self, spec: ReleaseSpec, listener: int, log: ReleaseLog) -> Worker:
        try:
            orders = self._orders(spec)
            group = self._group(f"{spec.app_id}-{spec.version}", spec.limits)
        except (OSError, ValueError) as error:
            raise WorkerFailed(f"it could not be prepared: {error}") from error
        return await Worker.start(await self._living_zygote(), orders, listener=listener, group=group, log=log)

    def _group(self, name: str, limits: Limits) -> Group:
        required = Layer.CGROUP in self._layers
        return self._groups.group(name, limits, required=required) if required else Group((), required=False)

    def _orders(self, spec: ReleaseSpec) -> Orders:
        tree, data = Mount(spec.tree, _INSIDE_TREE), Mount(spec.data, _INSIDE_DATA, writable=True)
        sockets = {name: Mount(source, _INSIDE_SOCKETS / name) for name, source in spec.sockets.items()}
        plan = self._confinement(spec, (tree, data, *sockets.values()))
        places = {"tree": plan.inside(tree), "data": plan.inside(data)}
        places |= {name: plan.inside(mount) for name, mount in sockets.items()}
        return Orders(
            confinement=plan,
            environment={name: _filled(value, places) for name, value in spec.environment.items()},
            app_id=spec.app_id,
            module=spec.module,
            tree=places["tree"],
        )

    def _confinement(self, spec: ReleaseSpec, mounts: tuple[Mount, ...]) -> Confinement:
        uid = self._users.number(spec.app_id) if Layer.UID in self._layers else os.getuid()
        spec.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if Layer.UID in self._layers:
            users.give(spec.data, uid)
        return Confinement(
            layers=self._layers,
            uid=uid,
            gid=uid if Layer.UID in self._layers else os.getgid(),
            staging=self._config.staging_dir,
            code=self._interpreter.code,
            mounts=mounts,
            limits=spec.limits,
        )

    async def _survey(self) -> None:
        """Try the layers in a child, keep those that this machine offers, and say so."""
        data = self._config.state_dir / "survey"
        spec = ReleaseSpec(
            app_id=_SURVEYOR, version="0", tree=self._config.staging_dir, module="none", data=data, environment={},
            limits=Limits(),
        )  # fmt: skip
        orders = replace(self._orders(spec), survey=True)
        group = replace(self._group(_SURVEYOR, spec.limits), required=False)
        zygote = await self._living_zygote()
        with socket.socket(socket.AF_UNIX) as listener:
            log = ReleaseLog(spec.limits.log_lines)
            surveyor = await Worker.start(zygote, orders, listener=listener.fileno(), group=group, log=log)
        await surveyor.ended()
        self._groups.remove(_SURVEYOR)
        self._layers = isolation.offered(surveyor.layers)
        stranger = self._config.first_uid if Layer.UID in self._layers else os.getuid()
        notes = unreadable(self._interpreter.code, stranger)
        self._isolation = isolation.report(surveyor.layers, off=self._config.layers_off, notes=notes)
        for entry in self._isolation.layers:
            logger.info("layer %s: %s %s", entry.layer, entry.state, entry.reason)
        logger.info("isolation level %d, %s", self._isolation.level, self._isolation.name)

    async def _living_zygote(self) -> Zygote:
        async with self._starting:
            if self._zygote is None or self._zygote.lost.done():
                if self._zygote:
                    logger.error("the zygote was lost, starting another")
                    with contextlib.suppress(ProcessLookupError):
                        await self._zygote.close()
                self._zygote = await Zygote.start(
                    self._interpreter,
                    preload=self._config.preload,
                    user_namespace=Layer.USER in self._layers,
                    process_namespace=Layer.PID in self._layers,
                )
            return self._zygote

    def _namespaces(self) -> int:
        user = kernel.CLONE_NEWUSER if Layer.USER in self._layers else 0
        return user | kernel.CLONE_NEWPID


def _filled(template: str, places: dict[str, Path]) -> str:
    """Fill in `{name}`; a doubled brace stands for one, as in Python's own format strings."""

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return match[0][0]
        if name not in places:
            raise ValueError(f"{{{name}}} is not a place of a release: it has {', '.join(sorted(places))}")
        return str(places[name])

    return _PLACE.sub(fill, template)
