"""The layers of the sandbox, what each is found to be on this machine, and the level they add up to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from yimen_sdk.saying import Said


class Layer(StrEnum):
    """One thing between a hostile mini-app and the machine, in the order of application."""

    SESSION = "session"
    """A session of its own: no controlling terminal."""
    DESCRIPTORS = "descriptors"
    """Only the listener, the log and the supervisor's channel stay open."""
    CGROUP = "cgroup"
    """Memory, processes and processor share are limited by the kernel's control groups."""
    USER = "user"
    """A user namespace of its own: root in it is nobody outside."""
    PID = "pid"
    """A process namespace: no other process has a number, and all end with the first."""
    NETWORK = "network"
    """A network namespace without any device."""
    IPC = "ipc"
    """System V and POSIX queues of its own."""
    UTS = "uts"
    """A host name of its own."""
    MOUNT = "mount"
    """A private root: read-only code, its own data, nothing else."""
    RLIMITS = "rlimits"
    """Descriptors, processes, file size and address space are limited."""
    CAPABILITIES = "capabilities"
    """No capability, now or ever."""
    UID = "uid"
    """A user number that no other mini-app and nothing of the host has."""
    NO_NEW_PRIVILEGES = "no_new_privileges"
    """No program it starts can have more rights."""
    DUMPABLE = "dumpable"
    """Nobody of the same user attaches to it."""
    PARENT_DEATH = "parent_death"
    """It ends when the zygote ends."""
    LANDLOCK = "landlock"
    """The kernel refuses paths, TCP, abstract sockets and signals outside a list."""
    SECCOMP = "seccomp"
    """Only the system calls of an allow-list."""


class LayerState(StrEnum):
    """What became of a layer."""

    ENFORCED = "enforced"
    """Applied, and the kernel said yes."""
    UNAVAILABLE = "unavailable"
    """This machine or account does not offer it; the reason is told."""
    FAILED = "failed"
    """It was declared and did not succeed; the worker did not start."""
    OFF = "off"
    """The operator's configuration leaves it out."""


@dataclass(frozen=True)
class LayerReport:
    """One layer and what became of it."""

    layer: Layer
    state: LayerState
    why: Said | None = None
    """Why it is missing, or not whole."""


_ALWAYS = frozenset(
    {
        Layer.SESSION,
        Layer.DESCRIPTORS,
        Layer.RLIMITS,
        Layer.NO_NEW_PRIVILEGES,
        Layer.DUMPABLE,
        Layer.LANDLOCK,
        Layer.SECCOMP,
    }
)
_NAMESPACES = frozenset({Layer.PID, Layer.NETWORK, Layer.IPC, Layer.UTS, Layer.MOUNT, Layer.CAPABILITIES})

FULL, ROOTLESS, CONTAINER, PARTIAL, NONE = 4, 3, 2, 1, 0
LEVEL_NAMES = {FULL: "full", ROOTLESS: "rootless", CONTAINER: "container", PARTIAL: "partial", NONE: "none"}
GUARANTEED: Mapping[int, frozenset[Layer]] = {
    FULL: _ALWAYS | _NAMESPACES | {Layer.UID},
    ROOTLESS: _ALWAYS | _NAMESPACES | {Layer.USER},
    CONTAINER: _ALWAYS | {Layer.UID},
    PARTIAL: frozenset(),
    NONE: frozenset(),
}
"""The layers that a level is sure to have."""
THIRD_PARTY_LEVEL = CONTAINER
"""Below this level a release of a third party does not start."""


def level_claimed(reports: Iterable[LayerReport]) -> int:
    """Return the level that the enforced layers claim; probes may show it to be lower, never higher."""
    enforced = {report.layer for report in reports if report.state is LayerState.ENFORCED}
    for level in (FULL, ROOTLESS, CONTAINER):
        if GUARANTEED[level] <= enforced:
            return level
    return PARTIAL if enforced & {Layer.UID, Layer.SECCOMP, Layer.LANDLOCK} else NONE
