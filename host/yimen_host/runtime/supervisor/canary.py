"""The canary: a worker like every other that attacks from inside and tells what succeeded."""

import os
import socket
from collections.abc import Iterable
from dataclasses import replace

from yimen_host.runtime.contract import ReleaseSpec
from yimen_host.runtime.probes.probe import Finding, Probe
from yimen_host.runtime.probes.table import PROBES
from yimen_host.runtime.sandbox.confinement import MIB, Limits
from yimen_host.runtime.sandbox.layers import Layer
from yimen_host.runtime.supervisor.config import SupervisorConfig
from yimen_host.runtime.supervisor.decoys import decoys
from yimen_host.runtime.supervisor.logs import ReleaseLog
from yimen_host.runtime.supervisor.workshop import Workshop
from yimen_host.runtime.zygote.orders import Task, Trial

_CANARY = "yimen-canary"
LIMITS = Limits(processes=24, memory=64 * MIB, descriptors=128, disk=4 * MIB, processor=1.0)
"""Small, so that reaching them costs little."""


class Canary:
    """Sends canaries."""

    def __init__(self, workshop: Workshop, config: SupervisorConfig) -> None:
        self._workshop = workshop
        self._place = config.run_dir / "canary"

    async def attack(
        self, probes: Iterable[Probe] = PROBES, *, without: frozenset[Layer] = frozenset()
    ) -> list[Finding]:
        """Run probes in a worker, with every layer of this machine but `without`, which only tests use.

        Raises WorkerFailed, ZygoteLost or OSError when nothing could be tried, which proves nothing.
        """
        layers = self._workshop.layers - without
        uid = self._workshop.number(_CANARY) if Layer.UID in layers else os.getuid()
        group = self._workshop.group(_CANARY, LIMITS)
        if Layer.CGROUP in without:
            group = replace(group, places=(), doors=(), required=False)
        log = ReleaseLog(LIMITS.log_lines)
        way_out = self._workshop.groups.way_out
        async with decoys(self._place, uid=uid, way_out=way_out, limits=LIMITS) as outside:
            spec = ReleaseSpec(
                app_id=_CANARY, version="0", tree=outside.tree, module="none", data=outside.data, environment={},
                limits=LIMITS,
            )  # fmt: skip
            orders = self._workshop.orders(spec)
            plan = replace(orders.confinement, layers=layers, uid=uid, gid=uid if Layer.UID in layers else os.getgid())
            tree, data = plan.mounts
            trial = Trial(
                replace(outside, tree=plan.inside(tree), data=plan.inside(data)), tuple(probe.name for probe in probes)
            )
            ordered = replace(orders, confinement=plan, task=Task.PROBE, trial=trial)
            with socket.socket(socket.AF_UNIX) as listener:
                worker = await self._workshop.fork(ordered, group, listener=listener.fileno(), log=log)
            try:
                return await worker.findings()
            finally:
                worker.kill("its attacks are over")
                await worker.ended()
                self._workshop.groups.remove(_CANARY)
