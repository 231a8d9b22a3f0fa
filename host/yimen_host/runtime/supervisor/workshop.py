"""Makes workers: what each is confined to, in which control group, under which user, forked from which zygote."""

import asyncio
import contextlib
import logging
import os
import re
import secrets
import socket
from dataclasses import replace
from pathlib import Path

from yimen_host.runtime.complaints import NOT_PREPARED
from yimen_host.runtime.contract import LayerReport, ReleaseSpec
from yimen_host.runtime.sandbox import kernel
from yimen_host.runtime.sandbox.confinement import Confinement, Limits, Mount
from yimen_host.runtime.sandbox.layers import Layer
from yimen_host.runtime.supervisor import isolation, users
from yimen_host.runtime.supervisor.baits import Baits
from yimen_host.runtime.supervisor.cgroups import ControlGroups, Group
from yimen_host.runtime.supervisor.config import SupervisorConfig
from yimen_host.runtime.supervisor.interpreter import this_interpreter, unreadable
from yimen_host.runtime.supervisor.logs import ReleaseLog
from yimen_host.runtime.supervisor.workers import Worker, WorkerFailed
from yimen_host.runtime.supervisor.zygotes import Zygote
from yimen_host.runtime.zygote.orders import Orders, Task

_INSIDE_TREE, _INSIDE_DATA, _INSIDE_SOCKETS = Path("/app"), Path("/data"), Path("/run/yimen")
_SURVEYOR = "yimen-survey"
_PLACE = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)\}")

logger = logging.getLogger("yimen.supervisor")


class Workshop:
    """Everything a worker is made of, but the release it runs."""

    def __init__(self, config: SupervisorConfig, *, zygotes: type[Zygote] = Zygote) -> None:
        self._config = config
        self._zygotes = zygotes
        self.baits = Baits.lay()
        self._interpreter = this_interpreter()
        self._users = users.Users(config.state_dir / "users.json", config.first_uid)
        self.groups = ControlGroups.find(f"{os.getpid()}-{secrets.token_hex(4)}")
        self.layers: frozenset[Layer] = frozenset()
        """The layers that every worker gets."""
        self._zygote: Zygote | None = None
        self._retired: list[Zygote] = []
        self._starting = asyncio.Lock()
        self._seen = self._looked = self._interpreter.fingerprint()

    async def open(self) -> list[LayerReport]:
        """Start the zygote and find out, by trying in a child that ends, which layers this machine offers."""
        self._config.staging_dir.mkdir(mode=0o755, exist_ok=True)
        self.layers = isolation.wanted(self._config.layers_off)
        if not isolation.can_make(self._namespaces()):
            self.layers -= {Layer.USER, Layer.PID}
        found = await self._survey()
        self.layers = isolation.offered(found)
        return found

    async def close(self) -> None:
        """End every zygote, and with them every worker."""
        for zygote in (self._zygote, *self._retired):
            if zygote:
                await zygote.close()
        self.groups.close()

    async def start(self, spec: ReleaseSpec, listener: int, log: ReleaseLog) -> Worker:
        """Start a worker of a release. Raises WorkerFailed or ZygoteLost."""
        try:
            orders = self.orders(spec)
            group = self.group(f"{spec.app_id}-{spec.version}", spec.limits)
        except (OSError, ValueError) as error:
            raise WorkerFailed((NOT_PREPARED.said(error=error),)) from error
        return await self.fork(orders, group, listener=listener, log=log)

    async def fork(
        self, orders: Orders, group: Group, *, listener: int, log: ReleaseLog, kind: type[Worker] = Worker
    ) -> Worker:
        """Fork a worker with these orders. Raises WorkerFailed or ZygoteLost."""
        placed = replace(orders, confinement=replace(orders.confinement, groups=group.doors))
        return await kind.start(await self._living_zygote(), placed, listener=listener, group=group, log=log)

    def orders(self, spec: ReleaseSpec) -> Orders:
        """Return what a worker of the release is told. Raises ValueError for an environment with an unknown place."""
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

    def group(self, name: str, limits: Limits) -> Group:
        """Make a worker's control group with its limits, where control groups are among the layers."""
        required = Layer.CGROUP in self.layers
        return self.groups.group(name, limits, required=required) if required else Group((), (), required=False)

    def number(self, app_id: str) -> int:
        """Return the user number that a mini-app's workers have."""
        return self._users.number(app_id) if Layer.UID in self.layers else os.getuid()

    def keeper(self, app_id: str) -> int | None:
        """Return the user to whom a mini-app's files belong, None when no worker of it ever ran."""
        return self._users.known(app_id) if Layer.UID in self.layers else os.getuid()

    def unreadable(self) -> list[Path]:
        """Return each path of the code that workers cannot read."""
        stranger = self._config.first_uid if Layer.UID in self.layers else os.getuid()
        return unreadable(self._interpreter.code, stranger)

    def is_outdated(self) -> bool:
        """Whether the code that the zygote loaded was replaced since, and has come to rest after that."""
        before, self._looked = self._looked, self._interpreter.fingerprint()
        return self._looked != self._seen and self._looked == before

    async def renew(self) -> None:
        """Fork from a fresh zygote once it is prepared; the old one ends with the last of its workers.

        Raises ZygoteLost when the fresh one does not come up; then everything goes on as before.
        """
        self._seen = self._interpreter.fingerprint()
        fresh = await self._new_zygote()
        async with self._starting:
            before, self._zygote = self._zygote, fresh
            if before:
                self._retired.append(before)

    async def let_retired_go(self) -> None:
        """End the zygotes that were replaced and have no worker left."""
        for zygote in [one for one in self._retired if not one.is_used]:
            self._retired.remove(zygote)
            await zygote.close()

    def _confinement(self, spec: ReleaseSpec, mounts: tuple[Mount, ...]) -> Confinement:
        uid = self.number(spec.app_id)
        spec.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if Layer.UID in self.layers:
            users.give(spec.data, uid)
        return Confinement(
            layers=self.layers,
            uid=uid,
            gid=uid if Layer.UID in self.layers else os.getgid(),
            staging=self._config.staging_dir,
            code=self._interpreter.code,
            mounts=mounts,
            limits=spec.limits,
        )

    async def _survey(self) -> list[LayerReport]:
        data = self._config.state_dir / "survey"
        spec = ReleaseSpec(
            app_id=_SURVEYOR, version="0", tree=self._config.staging_dir, module="none", data=data, environment={},
            limits=Limits(),
        )  # fmt: skip
        orders = replace(self.orders(spec), task=Task.SURVEY)
        group = replace(self.group(_SURVEYOR, spec.limits), required=False)
        with socket.socket(socket.AF_UNIX) as listener:
            log = ReleaseLog(spec.limits)
            surveyor = await self.fork(orders, group, listener=listener.fileno(), log=log)
        await surveyor.ended()
        self.groups.remove(_SURVEYOR)
        return list(surveyor.layers)

    async def _living_zygote(self) -> Zygote:
        async with self._starting:
            if self._zygote is None or self._zygote.lost.done():
                if self._zygote:
                    logger.error("the zygote was lost, starting another")
                    with contextlib.suppress(ProcessLookupError):
                        await self._zygote.close()
                self._zygote = await self._new_zygote()
            return self._zygote

    async def _new_zygote(self) -> Zygote:
        return await self._zygotes.start(
            self._interpreter,
            preload=self._config.preload,
            user_namespace=Layer.USER in self.layers,
            process_namespace=Layer.PID in self.layers,
        )

    def _namespaces(self) -> int:
        user = kernel.CLONE_NEWUSER if Layer.USER in self.layers else 0
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
