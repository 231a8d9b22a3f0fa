"""A place where attacks may succeed: private mounts and processes, and all that is attacked made for it.

Run as a program, it reads one JSON order from its arguments and prints one JSON answer.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter
from tests.attacks.runtime.unguarded import keeping, zygotes

from yimen_host.runtime.probes.probe import Finding, Obstacle
from yimen_host.runtime.probes.table import BY_NAME
from yimen_host.runtime.sandbox import kernel, layers
from yimen_host.runtime.sandbox.guards import Guard
from yimen_host.runtime.sandbox.layers import Layer, LayerReport
from yimen_host.runtime.supervisor.baits import FOREIGN
from yimen_host.runtime.supervisor.canary import Canary
from yimen_host.runtime.supervisor.config import SupervisorConfig
from yimen_host.runtime.supervisor.workshop import Workshop

ROOT = Path(__file__).parents[3]
STRANGER = 60_001
"""An ordinary user's number, for level 3."""
_SECONDS = 100
_PATIENCE_SECONDS = 1.5
"""Of a trial without a guard: it is known that nothing will come."""
_OF_THE_ZYGOTE = frozenset({Layer.PID, Guard.CLEAN_ZYGOTE, Guard.REAPER})
"""What is decided when the zygote starts."""


@dataclass(frozen=True)
class Trial:
    """Some probes, with some layers and guards left out."""

    without: frozenset[Obstacle]
    probes: tuple[str, ...]


@dataclass(frozen=True)
class Orders:
    """What to try, and as whom."""

    trials: tuple[Trial, ...]
    user: int | None = None
    """Whom the supervisor runs as; root when None."""
    off: frozenset[Layer] = frozenset()
    """Layers that the supervisor leaves out altogether."""


@dataclass(frozen=True)
class Results:
    """What the machine offers, and what each trial found."""

    level: int
    layers: tuple[LayerReport, ...]
    findings: tuple[tuple[Finding, ...], ...]


_orders = TypeAdapter(Orders)
_results = TypeAdapter(Results)


def shoot(orders: Orders) -> Results:
    """Run trials in a range of their own; only root can make one."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.attacks.runtime.range", "outside", _orders.dump_json(orders).decode()],
        cwd=ROOT, stdout=subprocess.PIPE, timeout=_SECONDS, check=True,
    )  # fmt: skip
    return _results.validate_json(done.stdout)


def main(stage: str, text: str) -> None:
    """Be one of the two programs of a range."""
    orders = _orders.validate_json(text)
    if stage == "outside":
        _seclude()
        _show_interpreter()
        if orders.user is not None:
            os.setgroups([])
            os.setresgid(orders.user, orders.user, orders.user)
            os.setresuid(orders.user, orders.user, orders.user)
        os.execv(sys.executable, [sys.executable, "-m", "tests.attacks.runtime.range", "inside", text])
    home = Path(tempfile.mkdtemp(prefix="ymrange"))
    home.chmod(0o755)
    try:
        print(_results.dump_json(asyncio.run(_shoot(orders, home))).decode())
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _seclude() -> None:
    """Go on as the first process of a process namespace, with mounts that nobody else sees."""
    kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWPID)
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    kernel.mount("none", Path("/"), "", kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("proc", Path("/proc"), "proc", 0)


def _show_interpreter() -> None:
    """Cover a home that an ordinary user cannot enter with an empty one that holds only the interpreter."""
    hidden = Path(sys.base_prefix)
    closed = [parent for parent in hidden.parents if not parent.stat().st_mode & 0o001]
    if not closed:
        return
    handle = os.open(hidden, os.O_PATH)
    kernel.mount("home", closed[-1], "tmpfs", 0, "mode=755")
    hidden.mkdir(parents=True)
    kernel.mount(f"/proc/self/fd/{handle}", hidden, "", kernel.MS_BIND)
    os.close(handle)


async def _shoot(orders: Orders, home: Path) -> Results:
    findings: dict[Trial, tuple[Finding, ...]] = {}
    told: tuple[LayerReport, ...] = ()
    for number, (without, group) in enumerate(_by_zygote(orders.trials).items()):
        off = orders.off | _layers(without)
        places = {"run_dir": home / f"run{number}", "state_dir": home / f"state{number}"}
        for place in places.values():
            place.mkdir(mode=0o755)
        config = SupervisorConfig(**places, layers_off=off)
        workshop = Workshop(config, zygotes=zygotes(_guards(without)))
        os.environ[FOREIGN] = workshop.baits.foreign  # for a zygote that inherits what it should not
        try:
            survey = await workshop.open()
            told = tuple(survey) if off == orders.off else told
            for trial in group:
                findings[trial] = tuple(await _try(trial, workshop, config))
        finally:
            await workshop.close()
    return Results(layers.level_claimed(told), told, tuple(findings[trial] for trial in orders.trials))


async def _try(trial: Trial, workshop: Workshop, config: SupervisorConfig) -> list[Finding]:
    guards = _guards(trial.without)
    with_patience = {"patience": _PATIENCE_SECONDS} if guards else {}
    canary = Canary(workshop, config, keeping=keeping(guards), **with_patience)
    return await canary.attack([BY_NAME[name] for name in trial.probes], without=_layers(trial.without))


def _by_zygote(trials: Iterable[Trial]) -> dict[frozenset[Obstacle], list[Trial]]:
    """Put those together that can be made with one zygote."""
    together: dict[frozenset[Obstacle], list[Trial]] = defaultdict(list)
    for trial in trials:
        together[trial.without & _OF_THE_ZYGOTE].append(trial)
    return together


def _layers(obstacles: Iterable[Obstacle]) -> frozenset[Layer]:
    return frozenset(obstacle for obstacle in obstacles if isinstance(obstacle, Layer))


def _guards(obstacles: Iterable[Obstacle]) -> frozenset[Guard]:
    return frozenset(obstacle for obstacle in obstacles if isinstance(obstacle, Guard))


if __name__ == "__main__":
    main(*sys.argv[1:])
