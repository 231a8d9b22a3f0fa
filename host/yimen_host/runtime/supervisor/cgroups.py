"""Control groups, of version 2 or 1: one group a release, below the supervisor's own."""

import contextlib
import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from yimen_host.runtime.sandbox.confinement import Limits
from yimen_host.runtime.sandbox.layers import Layer, LayerReport, LayerState
from yimen_host.runtime.sandbox.reasons import GROUP_REFUSED, NO_GROUPS, NO_SHARE
from yimen_host.runtime.supervisor.delegation import LEAF, WANTED, NotDelegated, delegated
from yimen_sdk.saying import Said

_MOUNTS = Path("/proc/self/mounts")
_OWN = Path("/proc/self/cgroup")
_PERIOD = 10_000
"""Microseconds in which a release gets its share of the processor: one that spins holds the cores for less."""
_LEAST_QUOTA = 1_000
"""The kernel's least."""
_SHARES, _WEIGHT = "512", "50"
"""Of all mini-apps together, against 1024 and 100 of the host: whatever they do, the gateway comes first."""
_V1 = ("memory", "pids", "cpu")
_NOT_EVERYWHERE = ("memory.swap.max", "cpu.cfs_burst_us", "cpu.max", "cpu.max.burst", "cpu.shares", "cpu.weight")
"""Where a kernel counts no swap, is older than 5.14, or the processor was not handed down."""
_PREFIX = "yimen-"
UNIFIED = "unified"
"""Stands for all controllers of version 2, which has one hierarchy."""


class ControlGroups:
    """The hierarchies in which this supervisor may make groups."""

    def __init__(self, parents: dict[str, Path], held: Sequence[int], *, lacking: Said | None = None) -> None:
        self._parents = parents
        self._held = held
        self._lacking = lacking

    @classmethod
    def find(cls, name: str) -> Self:
        """Make a group below the supervisor's own in every hierarchy that allows it.

        Its name is "yimen-" and `name`. Those whose supervisor was killed are removed.
        """
        parents, held, lacking = {}, [], None
        try:
            own = _own_groups()
        except NotDelegated as error:
            own, lacking = {}, error.why
        for controller, group in own.items():
            parent = group / (_PREFIX + name)
            try:
                _sweep(group)
                held.append(_made(parent))
                if controller == UNIFIED:
                    handed = _handed_down(group)
                    (parent / "cgroup.subtree_control").write_text(" ".join(f"+{each}" for each in handed))
                    lacking = None if "cpu" in handed else NO_SHARE.said(group=group)
                _write(parent, [("cpu.shares", _SHARES), ("cpu.weight", _WEIGHT)])
            except OSError as error:
                lacking = GROUP_REFUSED.said(group=parent, how=error.strerror)
            else:
                parents[controller] = parent
        return cls(parents, held, lacking=lacking)

    @property
    def controllers(self) -> list[str]:
        """Return what can be limited."""
        return sorted(self._parents)

    @property
    def way_out(self) -> Path | None:
        """Return the file by which a process would leave for a group without limits, if there are groups."""
        for parent in self._parents.values():
            leaf = parent.parent / LEAF
            return (leaf if leaf.is_dir() else parent.parent) / "cgroup.procs"
        return None

    def group(self, release: str, limits: Limits, *, required: bool) -> "Group":
        """Make the release's groups with its limits. Not `required`, they may turn out to be missing."""
        places, doors = [], []
        for controller, parent in self._parents.items():
            place = parent / release
            place.mkdir(exist_ok=True)
            _write(place, _settings(controller, limits))
            if controller == UNIFIED:
                places.append(place)
            else:
                doors.append(place / "tasks")
        return Group(tuple(places), tuple(doors), required, self._lacking)

    def remove(self, release: str) -> None:
        """Remove the groups of a release that has no process left."""
        for parent in self._parents.values():
            with contextlib.suppress(OSError):
                (parent / release).rmdir()

    def close(self) -> None:
        """Remove the supervisor's own groups, if they are empty."""
        for parent in self._parents.values():
            _remove(parent)
        for handle in self._held:
            os.close(handle)
        self._held = ()


@dataclass(frozen=True)
class Group:
    """One release's place in every hierarchy."""

    places: tuple[Path, ...]
    """Of version 2: the supervisor moves the process."""
    doors: tuple[Path, ...]
    """Of version 1: the files by which the process moves itself."""
    required: bool
    lacking: Said | None = None
    """What of the limits cannot be set here, and why."""

    @property
    def is_entered(self) -> bool:
        """Whether the process goes in, and reports it, by itself."""
        return bool(self.doors) and not self.places

    def place(self, pid: int) -> LayerReport:
        """Move a process in. The kernel may take ten milliseconds: call it in a thread."""
        missing = LayerState.FAILED if self.required else LayerState.UNAVAILABLE
        if not self.places:
            return LayerReport(Layer.CGROUP, missing, self.lacking or NO_GROUPS.said())
        try:
            for place in self.places:
                (place / "cgroup.procs").write_text(str(pid))
        except OSError as error:
            why = GROUP_REFUSED.said(group=", ".join(map(str, self.places)), how=error.strerror)
            return LayerReport(Layer.CGROUP, missing, why)
        return LayerReport(Layer.CGROUP, LayerState.ENFORCED, self.lacking)


def _made(group: Path) -> int:
    """Make a group and lock it until the handle is closed or the process dies."""
    while True:
        group.mkdir(exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # swept in between
            handle = os.open(group, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if group.exists():
                return handle
            os.close(handle)


def _sweep(own: Path) -> None:
    """Remove what supervisors that were killed have left."""
    for group in own.glob(f"{_PREFIX}*"):
        if group.name == LEAF:
            continue
        with contextlib.suppress(OSError):
            handle = os.open(group, os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(group)
            finally:
                os.close(handle)


def _remove(group: Path) -> None:
    """Remove a supervisor's group and its releases', if they are empty."""
    with contextlib.suppress(OSError):
        for release in group.iterdir():
            if release.is_dir():
                release.rmdir()
        group.rmdir()


def _write(place: Path, settings: Sequence[tuple[str, str]]) -> None:
    for file, value in settings:
        if file not in _NOT_EVERYWHERE or (place / file).exists():
            (place / file).write_text(value)


def _settings(controller: str, limits: Limits) -> list[tuple[str, str]]:
    """What is written into a group's files, in order: a burst above the quota would be refused.

    The burst lets a start, or a request after a rest, have twice its share at once.
    """
    quota = str(max(_LEAST_QUOTA, int(limits.processor * _PERIOD)))
    if controller == "memory":
        return [("memory.limit_in_bytes", str(limits.memory))]
    if controller == "pids":
        return [("pids.max", str(limits.processes))]
    if controller == "cpu":
        return [
            ("cpu.cfs_burst_us", "0"),
            ("cpu.cfs_period_us", str(_PERIOD)),
            ("cpu.cfs_quota_us", quota),
            ("cpu.cfs_burst_us", quota),
        ]
    return [
        ("memory.max", str(limits.memory)),
        ("memory.swap.max", "0"),
        ("pids.max", str(limits.processes)),
        ("cpu.max.burst", "0"),
        ("cpu.max", f"{quota} {_PERIOD}"),
        ("cpu.max.burst", quota),
    ]


def _own_groups() -> dict[str, Path]:
    """Return the supervisor's group by controller, or the one of version 2 when that has the controllers.

    Raises NotDelegated when version 2 has them and does not let us make groups.
    """
    mounts = [line.split() for line in _MOUNTS.read_text().splitlines()]
    by_controller: dict[str, Path] = {}
    unified = None
    for _, place, kind, options, *_ in mounts:
        if kind == "cgroup":
            by_controller |= {name: Path(place) for name in _V1 if name in options.split(",")}
        elif kind == "cgroup2":
            unified = Path(place)
    groups: dict[str, Path] = {}
    for line in _OWN.read_text().splitlines():
        _, names, path = line.split(":", 2)
        groups |= {name: by_controller[name] / path.lstrip("/") for name in names.split(",") if name in by_controller}
        if not names and unified is not None and not by_controller:
            return {UNIFIED: delegated(unified / path.lstrip("/"))}
    return groups


def _handed_down(group: Path) -> list[str]:
    handed = (group / "cgroup.subtree_control").read_text().split()
    return [name for name in WANTED if name in handed]
