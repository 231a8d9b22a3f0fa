"""The canary: workers like every other that attack, and what succeeded: told from inside, or seen from outside."""

import asyncio
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from yimen_host.runtime.complaints import TRIAL_OVER
from yimen_host.runtime.contract import ReleaseSpec
from yimen_host.runtime.probes.probe import Decoys, Finding, Probe
from yimen_host.runtime.probes.table import PROBES
from yimen_host.runtime.sandbox.confinement import MIB, Limits
from yimen_host.runtime.sandbox.layers import Layer
from yimen_host.runtime.supervisor.baits import FOREIGN
from yimen_host.runtime.supervisor.cgroups import Group
from yimen_host.runtime.supervisor.config import SupervisorConfig
from yimen_host.runtime.supervisor.decoys import decoys
from yimen_host.runtime.supervisor.logs import ReleaseLog
from yimen_host.runtime.supervisor.nuisances import Keeping, judged
from yimen_host.runtime.supervisor.workers import Worker
from yimen_host.runtime.supervisor.workshop import Workshop
from yimen_host.runtime.zygote.orders import Orders, Task, Trial

_CANARY = "yimen-canary"
LIMITS = Limits(
    processes=24, memory=64 * MIB, descriptors=128, disk=4 * MIB, processor=1.0, log_lines=100, drain_seconds=0.3,
    silence_seconds=1.0,
)  # fmt: skip
"""Small, so that reaching them costs little."""
_PATIENCE_SECONDS = 10.0
"""How long a nuisance may go on before it counts as not stopped: long, for a busy machine is no hole."""


@dataclass(frozen=True)
class _Scene:
    """Where attacks happen: what is attacked, and what the attackers are given."""

    outside: Decoys
    layers: frozenset[Layer]
    uid: int


class Canary:
    """Sends canaries."""

    def __init__(
        self,
        workshop: Workshop,
        config: SupervisorConfig,
        *,
        keeping: Keeping | None = None,
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        self._workshop = workshop
        self._place = config.run_dir / "canary"
        self._keeping = keeping or Keeping()
        self._patience = patience

    async def attack(
        self, probes: Iterable[Probe] = PROBES, *, without: frozenset[Layer] = frozenset()
    ) -> list[Finding]:
        """Run probes in workers with every layer of this machine but `without`, which only tests use.

        Raises WorkerFailed, ZygoteLost or OSError when nothing could be tried, which proves nothing.
        """
        probes = list(probes)
        layers = self._workshop.layers - without
        uid = self._workshop.number(_CANARY) if Layer.UID in layers else os.getuid()
        way_out, baits = self._workshop.groups.way_out, self._workshop.baits
        async with decoys(self._place, uid=uid, way_out=way_out, limits=LIMITS, baits=baits) as outside:
            scene = _Scene(outside, layers, uid)
            await self._brief_another(scene)
            inside, suffered = await asyncio.gather(
                self._try(scene, [probe for probe in probes if not probe.is_nuisance]),
                asyncio.gather(*(self._suffer(scene, probe) for probe in probes if probe.is_nuisance)),
            )
        found = {finding.probe: finding for finding in (*inside, *suffered)}
        return [found[probe.name] for probe in probes]

    async def _brief_another(self, scene: _Scene) -> None:
        """Start a worker, and let it end, whose orders hold what no later worker may find in its memory."""
        orders = replace(self._orders(scene, Task.SURVEY), environment={FOREIGN: self._workshop.baits.foreign})
        with socket.socket(socket.AF_UNIX) as listener:
            worker = await self._fork(scene, orders, _CANARY, listener=listener.fileno(), log=ReleaseLog(LIMITS))
        await worker.ended()

    async def _try(self, scene: _Scene, probes: list[Probe]) -> list[Finding]:
        """Let a worker attack from inside and tell what succeeded."""
        orders = self._orders(scene, Task.PROBE, *probes)
        with socket.socket(socket.AF_UNIX) as listener:
            worker = await self._fork(scene, orders, _CANARY, listener=listener.fileno(), log=ReleaseLog(LIMITS))
        try:
            return await worker.findings()
        finally:
            worker.kill(TRIAL_OVER.said())
            await worker.ended()
            self._workshop.groups.remove(_CANARY)

    async def _suffer(self, scene: _Scene, probe: Probe) -> Finding:
        """Let a release misbehave and see what comes of it."""
        name = f"{_CANARY}-{probe.name}"
        orders = self._orders(scene, Task.MISBEHAVE, probe)

        async def start(listener: int, log: ReleaseLog) -> Worker:
            return await self._fork(scene, orders, name, listener=listener, log=log)

        try:
            place = self._place / probe.name
            return await judged(probe, self._spec(scene), place, start, keeping=self._keeping, patience=self._patience)
        finally:
            self._workshop.groups.remove(name)

    async def _fork(self, scene: _Scene, orders: Orders, group: str, *, listener: int, log: ReleaseLog) -> Worker:
        entered = self._workshop.group(group, LIMITS) if Layer.CGROUP in scene.layers else Group((), (), required=False)
        return await self._workshop.fork(orders, entered, listener=listener, log=log, kind=self._keeping.worker)

    def _orders(self, scene: _Scene, task: Task, *probes: Probe) -> Orders:
        orders = self._workshop.orders(self._spec(scene))
        gid = scene.uid if Layer.UID in scene.layers else os.getgid()
        plan = replace(orders.confinement, layers=scene.layers, uid=scene.uid, gid=gid)
        tree, data = (plan.inside(mount) for mount in plan.mounts)
        trial = Trial(replace(scene.outside, tree=tree, data=data), tuple(probe.name for probe in probes))
        return replace(orders, confinement=plan, task=task, trial=trial)

    def _spec(self, scene: _Scene) -> ReleaseSpec:
        return ReleaseSpec(
            app_id=_CANARY, version="0", tree=Path(scene.outside.tree), module="none", data=scene.outside.data,
            environment={}, limits=LIMITS,
        )  # fmt: skip
