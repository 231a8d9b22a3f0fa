"""A place where attacks may succeed: private mounts and processes, and all that is attacked made for it.

Run as a program, it reads one JSON order from its arguments and prints one JSON answer.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from yimen_host.runtime.probes.probe import Finding
from yimen_host.runtime.probes.table import BY_NAME
from yimen_host.runtime.sandbox import kernel, layers
from yimen_host.runtime.sandbox.layers import Layer, LayerReport
from yimen_host.runtime.supervisor.canary import Canary
from yimen_host.runtime.supervisor.config import SupervisorConfig
from yimen_host.runtime.supervisor.workshop import Workshop

ROOT = Path(__file__).parents[3]
STRANGER = 60_001
"""An ordinary user's number, for level 3."""
_SECONDS = 100


@dataclass(frozen=True)
class Trial:
    """Some probes, with some layers left out."""

    without: frozenset[Layer]
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
    for number, group in enumerate(_by_namespace(orders.trials)):
        off = orders.off | ({Layer.PID} if any(Layer.PID in trial.without for trial in group) else frozenset())
        places = {"run_dir": home / f"run{number}", "state_dir": home / f"state{number}"}
        for place in places.values():
            place.mkdir(mode=0o755)
        config = SupervisorConfig(**places, layers_off=off)
        workshop = Workshop(config)
        try:
            survey = await workshop.open()
            told = tuple(survey) if off == orders.off else told
            canary = Canary(workshop, config)
            for trial in group:
                wanted = [BY_NAME[name] for name in trial.probes]
                findings[trial] = tuple(await canary.attack(wanted, without=trial.without))
        finally:
            await workshop.close()
    return Results(layers.level_claimed(told), told, tuple(findings[trial] for trial in orders.trials))


def _by_namespace(trials: Iterable[Trial]) -> list[list[Trial]]:
    """Those without a process namespace need a zygote without one."""
    within = [trial for trial in trials if Layer.PID not in trial.without]
    without = [trial for trial in trials if Layer.PID in trial.without]
    return [group for group in (within, without) if group]


if __name__ == "__main__":
    main(*sys.argv[1:])
