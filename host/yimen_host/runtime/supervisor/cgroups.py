"""Control groups, version 2 where delegated, else version 1: one group a release, below the supervisor's own."""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from yimen_host.runtime.sandbox.confinement import Limits
from yimen_host.runtime.sandbox.layers import Layer, LayerReport, LayerState

_MOUNTS = Path("/proc/self/mounts")
_OWN = Path("/proc/self/cgroup")
_PERIOD = 100_000
_V1 = ("memory", "pids", "cpu")


class ControlGroups:
    """The hierarchies in which this supervisor may make groups."""

    def __init__(self, parents: dict[str, Path]) -> None:
        self._parents = parents

    @classmethod
    def find(cls, name: str) -> Self:
        """Make a group `name` below the supervisor's own in every hierarchy that allows it."""
        parents = {}
        for controller, own in _own_groups().items():
            with contextlib.suppress(OSError):
                parent = own / name
                parent.mkdir(exist_ok=True)
                if controller == "unified":
                    (parent / "cgroup.subtree_control").write_text("+memory +pids +cpu")
                parents[controller] = parent
        return cls(parents)

    @property
    def controllers(self) -> list[str]:
        """Return what can be limited."""
        return sorted(self._parents)

    @property
    def way_out(self) -> Path | None:
        """Return the file by which a process would leave for a group without limits, if there are groups."""
        return next((parent.parent / "cgroup.procs" for parent in self._parents.values()), None)

    def group(self, release: str, limits: Limits, *, required: bool) -> "Group":
        """Make the release's groups with its limits. Not `required`, they may turn out to be missing."""
        places, doors = [], []
        for controller, parent in self._parents.items():
            place = parent / release
            place.mkdir(exist_ok=True)
            for file, value in _settings(controller, limits).items():
                (place / file).write_text(value)
            if controller == "unified":
                places.append(place)
            else:
                doors.append(place / "tasks")
        return Group(tuple(places), tuple(doors), required)

    def remove(self, release: str) -> None:
        """Remove the groups of a release that has no process left."""
        for parent in self._parents.values():
            with contextlib.suppress(OSError):
                (parent / release).rmdir()

    def close(self) -> None:
        """Remove the supervisor's own groups, if they are empty."""
        for parent in self._parents.values():
            with contextlib.suppress(OSError):
                for group in parent.iterdir():
                    if group.is_dir():
                        group.rmdir()
                parent.rmdir()


@dataclass(frozen=True)
class Group:
    """One release's place in every hierarchy."""

    places: tuple[Path, ...]
    """Of version 2: the supervisor moves the process."""
    doors: tuple[Path, ...]
    """Of version 1: the files by which the process moves itself."""
    required: bool

    @property
    def is_entered(self) -> bool:
        """Whether the process goes in, and reports it, by itself."""
        return bool(self.doors) and not self.places

    def place(self, pid: int) -> LayerReport:
        """Move a process in. The kernel may take ten milliseconds: call it in a thread."""
        missing = LayerState.FAILED if self.required else LayerState.UNAVAILABLE
        if not self.places:
            return LayerReport(Layer.CGROUP, missing, "no control group that may be written")
        try:
            for place in self.places:
                (place / "cgroup.procs").write_text(str(pid))
        except OSError as error:
            return LayerReport(Layer.CGROUP, missing, str(error.strerror))
        return LayerReport(Layer.CGROUP, LayerState.ENFORCED)


def _settings(controller: str, limits: Limits) -> dict[str, str]:
    quota = str(int(limits.processor * _PERIOD))
    if controller == "memory":
        return {"memory.limit_in_bytes": str(limits.memory)}
    if controller == "pids":
        return {"pids.max": str(limits.processes)}
    if controller == "cpu":
        return {"cpu.cfs_period_us": str(_PERIOD), "cpu.cfs_quota_us": quota}
    return {
        "memory.max": str(limits.memory),
        "memory.swap.max": "0",
        "pids.max": str(limits.processes),
        "cpu.max": f"{quota} {_PERIOD}",
    }


def _own_groups() -> dict[str, Path]:
    """Return the supervisor's group by controller; `unified` for version 2 when it has the controllers."""
    mounts = [line.split() for line in _MOUNTS.read_text().splitlines()]
    by_controller: dict[str, Path] = {}
    unified = None
    for _, place, kind, options, *_ in mounts:
        if kind == "cgroup":
            by_controller |= {name: Path(place) for name in _V1 if name in options.split(",")}
        elif kind == "cgroup2":
            unified = Path(place)
    groups = {}
    for line in _OWN.read_text().splitlines():
        _, names, path = line.split(":", 2)
        for name in names.split(","):
            if name in by_controller:
                groups[name] = by_controller[name] / path.lstrip("/")
        if not names and unified is not None:
            own = unified / path.lstrip("/")
            with contextlib.suppress(OSError):
                if {"memory", "pids"} <= set((own / "cgroup.subtree_control").read_text().split()):
                    groups["unified"] = own
    return groups
