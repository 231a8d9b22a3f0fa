"""System calls that the sandbox refuses, by number: only probes make them. From Linux 6.1's own headers."""

import ctypes
import errno
import os
import platform

_NUMBERS = {
    "x86_64": {
        "ptrace": 101, "syslog": 103, "personality": 135, "modify_ldt": 154, "acct": 163, "swapon": 167, "reboot": 169,
        "iopl": 172, "finit_module": 313, "kexec_load": 246, "add_key": 248, "ioprio_set": 251, "unshare": 272,
        "perf_event_open": 298, "fanotify_init": 300, "name_to_handle_at": 303, "open_by_handle_at": 304, "setns": 308,
        "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "bpf": 321, "userfaultfd": 323,
        "pidfd_send_signal": 424, "io_uring_setup": 425, "fsopen": 430, "pidfd_getfd": 438, "mknodat": 259,
        "mq_open": 240, "clone": 56, "setxattr": 188, "mount": 165, "capset": 126, "setpriority": 141, "getpid": 39,
    },
    "aarch64": {
        "ptrace": 117, "syslog": 116, "personality": 92, "acct": 89, "swapon": 224, "reboot": 142,
        "finit_module": 273, "kexec_load": 104, "add_key": 217, "ioprio_set": 30, "unshare": 97,
        "perf_event_open": 241, "fanotify_init": 262, "name_to_handle_at": 264, "open_by_handle_at": 265, "setns": 268,
        "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272, "bpf": 280, "userfaultfd": 282,
        "pidfd_send_signal": 424, "io_uring_setup": 425, "fsopen": 430, "pidfd_getfd": 438, "mknodat": 33,
        "mq_open": 180, "clone": 220, "setxattr": 5, "mount": 40, "capset": 91, "setpriority": 140, "getpid": 172,
    },
}  # fmt: skip

X32 = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
libc.shmat.restype = ctypes.c_void_p


Argument = int | bytes | None | ctypes.Array[ctypes.c_char]


def call(name: str, *arguments: Argument, passed: tuple[int, ...] = ()) -> int:
    """Make a system call by name. An error in `passed` comes only after the permission was given: it counts as success.

    Raises OSError; ENOSYS when this machine has no such call.
    """
    number = _NUMBERS.get(platform.machine(), {}).get(name, -1)
    return raw(number, *arguments, what=name, passed=passed)


def raw(number: int, *arguments: Argument, what: str, passed: tuple[int, ...] = ()) -> int:
    """Make a system call by number."""
    values = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return checked(int(libc.syscall(ctypes.c_long(number), *values)), what, passed=passed)


def checked(result: int, what: str, *, passed: tuple[int, ...] = ()) -> int:
    """Turn a failed call into OSError, unless its error shows that the permission was given."""
    if result < 0 and ctypes.get_errno() not in passed:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {errno.errorcode.get(number, number)}")
    return result


def stopped(why: str) -> OSError:
    """Return the error of an attack whose call succeeded without the effect."""
    return OSError(errno.EPERM, why, os.devnull)


def foreign(process: int) -> int:
    """Return a process number that is meant outside, unless it happens to be one of the worker's own namespace."""
    if process in (os.getpid(), os.getppid()):
        raise stopped("the number means the worker itself")
    return process
