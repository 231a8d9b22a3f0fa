"""The few Linux calls that Python does not offer, as functions that raise OSError. Knows no policy."""

import ctypes
import os
import struct
from pathlib import Path

from yimen_host.runtime.sandbox import syscalls

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
CLONE_NEWCGROUP = 0x02000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC = 1, 2, 4, 8

_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP = 1, 4, 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 40

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc.mount.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p]
_libc.umount2.argtypes = [ctypes.c_char_p, ctypes.c_int]
_libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4


def unshare(flags: int) -> None:
    """Give the caller new namespaces."""
    _checked(_libc.unshare(flags), "unshare")


def enter_namespace(descriptor: int, kind: int) -> None:
    """Join the namespace that the descriptor names (setns)."""
    _checked(_libc.setns(descriptor, kind), "setns")


def mount(source: str, target: Path, kind: str, flags: int, options: str = "") -> None:
    """Mount a file system."""
    result = _libc.mount(source.encode(), os.fsencode(target), kind.encode(), flags, options.encode())
    _checked(result, f"mount {target}")


def detach(target: str) -> None:
    """Take a mount out of the tree, even when it is in use."""
    _checked(_libc.umount2(target.encode(), MNT_DETACH), f"umount {target}")


def set_mount_attributes(target: Path, attributes: int) -> None:
    """Add attributes to a mount and all mounts below it; locked flags stay as they are."""
    what = struct.pack("=QQQQ", attributes, 0, 0, 0)
    call("mount_setattr", _AT_FDCWD, os.fsencode(target), _AT_RECURSIVE, what, len(what))


def pivot_to_working_directory() -> None:
    """Make the working directory the root and take the old root away."""
    call("pivot_root", b".", b".")
    detach(".")
    os.chdir("/")


def die_with_parent(signal_number: int) -> None:
    """Ask for a signal when the parent ends."""
    _prctl(_PR_SET_PDEATHSIG, signal_number)


def adopt_orphans() -> None:
    """Become the parent of every process below whose own parent ended, instead of the machine's first process."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def forbid_new_privileges() -> None:
    """No program or set-uid bit gives this process more than it has, for ever."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def forbid_dump() -> None:
    """Nobody without privilege attaches to this process or opens its /proc files."""
    _prctl(_PR_SET_DUMPABLE, 0)


def drop_bounding_set() -> None:
    """Take every capability out of what this process could ever gain."""
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    for capability in range(_LAST_CAPABILITY + 1):
        _prctl(_PR_CAPBSET_DROP, capability)


def drop_capabilities() -> None:
    """Empty the effective, permitted and inheritable sets."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    call("capset", header, bytes(24))


def call(name: str, *arguments: int | bytes | None) -> int:
    """Make a system call by name; OSError ENOSYS when this machine has no number for it."""
    machine = syscalls.current()
    number = machine.numbers.get(name, -1) if machine else -1
    values = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return _checked(int(_libc.syscall(ctypes.c_long(number), *values)), name)


def _prctl(option: int, argument: int) -> None:
    _checked(_libc.prctl(option, argument, 0, 0, 0), f"prctl {option}")


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
