"""Confine the calling process, layer by layer, in the one order that was measured to work."""

import errno
import os
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from yimen_host.runtime.sandbox import kernel, landlock, root, seccomp
from yimen_host.runtime.sandbox.confinement import MIB, Confinement
from yimen_host.runtime.sandbox.layers import Layer, LayerReport, LayerState
from yimen_host.runtime.sandbox.reasons import refused

_ADDRESS_SPACE_OF_THE_RUNTIME = 768 * MIB
"""What the interpreter, its libraries and thread stacks map without using it."""

_FIRST_FOREIGN_DESCRIPTOR, _LAST_DESCRIPTOR = 5, 1 << 20
_HOST_NAME = "mini-app"

Step = Callable[[Confinement], None]


class ConfinementFailed(Exception):
    """A declared layer did not succeed; the worker must end before any code of the mini-app is read."""

    def __init__(self, reports: list[LayerReport]) -> None:
        why = reports[-1].why
        super().__init__(f"layer {reports[-1].layer}: {why.message if why else ''}")
        self.reports = reports


def confine(plan: Confinement) -> list[LayerReport]:
    """Apply every declared layer, or raise at the first that fails. Other layers are reported as off."""
    reports: list[LayerReport] = []
    for report, error in _tried(plan, LayerState.FAILED):
        reports.append(report)
        if error:
            raise ConfinementFailed(reports) from error
    return reports


def survey(plan: Confinement) -> list[LayerReport]:
    """Try every declared layer and go on after a failure: what does this machine offer? The caller ends after it."""
    return [report for report, _ in _tried(plan, LayerState.UNAVAILABLE)]


def _tried(plan: Confinement, missing: LayerState) -> Iterator[tuple[LayerReport, OSError | None]]:
    """Apply one layer after the other; tell what became of each, and of one that is missing the error."""
    for layer, step in _steps(plan):
        if layer not in plan.layers:
            yield LayerReport(layer, LayerState.OFF), None
            continue
        try:
            step(plan)
        except OSError as error:
            yield LayerReport(layer, missing, refused(error)), error
        else:
            yield LayerReport(layer, LayerState.ENFORCED), None


def _steps(plan: Confinement) -> Iterator[tuple[Layer, Step]]:
    """Of control groups that only the supervisor can move it into, it is the supervisor who reports."""
    return ((layer, step) for layer, step in _STEPS if layer is not Layer.CGROUP or plan.groups)


def _close_descriptors(plan: Confinement) -> None:
    """Keep input, output, errors, the listener and the supervisor's channel, and nothing the zygote had."""
    for descriptor in range(_FIRST_FOREIGN_DESCRIPTOR):
        os.fstat(descriptor)
    os.closerange(_FIRST_FOREIGN_DESCRIPTOR, _LAST_DESCRIPTOR)


def _enter_control_groups(plan: Confinement) -> None:
    """A thread that moves itself takes no lock of the whole kernel, and waits for nobody."""
    for door in plan.groups:
        door.write_text("0")


def _enter_user_namespace(plan: Confinement) -> None:
    """Keep one's own number inside; the map of a single number needs no privilege."""
    user, group = os.getuid(), os.getgid()
    kernel.unshare(kernel.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _check_process_namespace(plan: Confinement) -> None:
    """The zygote forked us into it: then we are its first process."""
    if os.getpid() != 1:
        raise OSError(errno.EPERM, "not the first process of a namespace")


def _take_another_name(plan: Confinement) -> None:
    kernel.unshare(kernel.CLONE_NEWUTS)
    socket.sethostname(_HOST_NAME)


def _limit_resources(plan: Confinement) -> None:
    limits = plan.limits
    for kind, value in (
        (resource.RLIMIT_NPROC, limits.processes),
        (resource.RLIMIT_NOFILE, limits.descriptors),
        (resource.RLIMIT_FSIZE, limits.disk),
        (resource.RLIMIT_AS, 2 * limits.memory + _ADDRESS_SPACE_OF_THE_RUNTIME),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_NICE, 0),
        (resource.RLIMIT_RTPRIO, 0),
    ):
        resource.setrlimit(kind, (value, value))


def _change_user(plan: Confinement) -> None:
    os.setgroups([])
    os.setresgid(plan.gid, plan.gid, plan.gid)
    os.setresuid(plan.uid, plan.uid, plan.uid)


def _give_up_what_is_left(plan: Confinement) -> None:
    kernel.drop_capabilities()
    kernel.forbid_dump()


def _restrict_paths(plan: Confinement) -> None:
    shown = [plan.inside(mount) for mount in plan.mounts if not mount.writable]
    own = [plan.inside(mount) for mount in plan.mounts if mount.writable]
    if Layer.MOUNT in plan.layers:
        own.append(root.SCRATCH)
    devices = [Path("/dev/null")]
    landlock.restrict(readable=[*plan.code, *shown, *root.DEVICES], writable=[*own, *devices])


_STEPS: tuple[tuple[Layer, Step], ...] = (
    (Layer.SESSION, lambda plan: os.setsid()),
    (Layer.DESCRIPTORS, _close_descriptors),
    (Layer.CGROUP, _enter_control_groups),
    (Layer.USER, _enter_user_namespace),
    (Layer.PID, _check_process_namespace),
    (Layer.NETWORK, lambda plan: kernel.unshare(kernel.CLONE_NEWNET)),
    (Layer.IPC, lambda plan: kernel.unshare(kernel.CLONE_NEWIPC)),
    (Layer.UTS, _take_another_name),
    (Layer.MOUNT, root.enter),
    (Layer.RLIMITS, _limit_resources),
    (Layer.CAPABILITIES, lambda plan: kernel.drop_bounding_set()),
    (Layer.UID, _change_user),
    (Layer.NO_NEW_PRIVILEGES, lambda plan: kernel.forbid_new_privileges()),
    (Layer.DUMPABLE, _give_up_what_is_left),
    (Layer.PARENT_DEATH, lambda plan: kernel.die_with_parent(signal.SIGKILL)),
    (Layer.LANDLOCK, _restrict_paths),
    (Layer.SECCOMP, lambda plan: seccomp.restrict()),
)
