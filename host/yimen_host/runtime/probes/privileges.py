"""Attacks on the kernel's own doors: more rights, new namespaces, rarely used and dangerous system calls."""

import ctypes
import errno
import mmap
import os
import platform
import resource
import struct

from yimen_host.runtime.probes.numbers import X32, call, checked, foreign, libc, raw, stopped
from yimen_host.runtime.probes.probe import Decoys, probe
from yimen_host.runtime.sandbox.kernel import CLONE_NEWNET, CLONE_NEWUSER
from yimen_host.runtime.sandbox.layers import Layer

_ROOT_ONLY = (Layer.SECCOMP, Layer.UID, Layer.DUMPABLE)
_SIGCHLD = 17
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_GET_NO_NEW_PRIVS = 1, 4, 39
_TIOCSTI = 0x5412
_GETPID_32 = bytes.fromhex("b814000000cd80c3")  # mov eax, 20; int 0x80; ret


@probe(*_ROOT_ONLY)
def become_other_user(decoys: Decoys) -> None:
    """Become another mini-app's user."""
    os.setresuid(os.getuid() + 1, os.getuid() + 1, os.getuid() + 1)


@probe(*_ROOT_ONLY)
def join_group(decoys: Decoys) -> None:
    """Join another group of accounts."""
    os.setgroups([os.getgid() + 1])


@probe(*_ROOT_ONLY)
def gain_capability(decoys: Decoys) -> None:
    """Give itself the rights of root."""
    everything = struct.pack("=IIIIII", 1 << 21, 1 << 21, 0, 0, 0, 0)  # CAP_SYS_ADMIN
    call("capset", struct.pack("=Ii", 0x20080522, 0), everything)


@probe(Layer.NO_NEW_PRIVILEGES)
def gain_by_program(decoys: Decoys) -> None:
    """Keep the door open for programs that run with more rights than their caller."""
    if libc.prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1:
        raise stopped("no program can have more rights")


@probe(Layer.CAPABILITIES, Layer.SECCOMP)
def keep_capabilities_in_reach(decoys: Decoys) -> None:
    """Find a right of root still in the set that a program could regain."""
    if checked(libc.prctl(23, 21, 0, 0, 0), "prctl") == 0:  # PR_CAPBSET_READ, CAP_SYS_ADMIN
        raise stopped("the bounding set is empty")


@probe(*_ROOT_ONLY)
def raise_limit(decoys: Decoys) -> None:
    """Raise its own limit of real-time priority."""
    _, hard = resource.getrlimit(resource.RLIMIT_RTPRIO)
    try:
        resource.setrlimit(resource.RLIMIT_RTPRIO, (hard + 1, hard + 1))
    except ValueError as error:  # what Python makes of EPERM
        raise stopped(str(error)) from error


@probe(*_ROOT_ONLY)
def gain_priority(decoys: Decoys) -> None:
    """Give itself a higher priority."""
    call("setpriority", 0, 0, -5)


@probe(*_ROOT_ONLY)
def gain_disk_priority(decoys: Decoys) -> None:
    """Give itself the disk before everybody else."""
    call("ioprio_set", 1, 0, 1 << 13)


@probe(Layer.SECCOMP)
def make_user_namespace(decoys: Decoys) -> None:
    """Make a user namespace, in which it would be root."""
    call("unshare", CLONE_NEWUSER)


@probe(Layer.SECCOMP)
def fork_into_user_namespace(decoys: Decoys) -> None:
    """Fork into a new user namespace."""
    if call("clone", CLONE_NEWUSER | _SIGCHLD, 0, 0, 0, 0) == 0:
        os._exit(0)


@probe(*_ROOT_ONLY)
def make_network_namespace(decoys: Decoys) -> None:
    """Make a network namespace."""
    call("unshare", CLONE_NEWNET)


@probe(Layer.PID, Layer.LANDLOCK, *_ROOT_ONLY)
def enter_namespace(decoys: Decoys) -> None:
    """Enter the network of another process."""
    call("setns", os.pidfd_open(foreign(decoys.process)), CLONE_NEWNET)


@probe(Layer.SECCOMP, Layer.RLIMITS)
def submit_by_ring(decoys: Decoys) -> None:
    """Open a ring that makes system calls past the filter."""
    os.close(call("io_uring_setup", 4, bytes(120)))


@probe(*_ROOT_ONLY)
def load_filter_program(decoys: Decoys) -> None:
    """Load a map of the kernel's own programs (BPF)."""
    call("bpf", 0, struct.pack("=IIIII", 2, 4, 4, 1, 0) + bytes(100), 120)


@probe(Layer.SECCOMP)
def measure_processor(decoys: Decoys) -> None:
    """Open the processor's counters, which betray what others do."""
    flags = 1 << 0 | 1 << 5 | 1 << 6  # disabled, exclude_kernel, exclude_hv
    attributes = struct.pack("=IIQQQQQ", 1, 112, 0, 0, 0, 0, flags) + bytes(64)
    os.close(call("perf_event_open", attributes, 0, -1, -1, 0))


@probe(Layer.SECCOMP)
def pause_kernel_copies(decoys: Decoys) -> None:
    """Handle page faults itself, which wins races against the kernel."""
    os.close(call("userfaultfd", 1))


@probe(Layer.SECCOMP)
def store_in_keyring(decoys: Decoys) -> None:
    """Store data in the kernel's keyring."""
    call("add_key", b"user", b"yimen", b"x", 1, -2)


@probe(Layer.SECCOMP)
def switch_personality(decoys: Decoys) -> None:
    """Switch off the randomness of addresses."""
    call("personality", 0x0040000)


@probe(Layer.SECCOMP)
def change_segment_table(decoys: Decoys) -> None:
    """Read its own segment table, an old and weak part of the kernel."""
    call("modify_ldt", 0, bytes(16), 16)


@probe(*_ROOT_ONLY)
def drive_ports(decoys: Decoys) -> None:
    """Drive the machine's input and output ports."""
    call("iopl", 3)


@probe(Layer.SECCOMP)
def call_as_32_bit(decoys: Decoys) -> None:
    """Make a system call by the 32-bit door, which has other numbers."""
    if platform.machine() != "x86_64":
        raise OSError(errno.ENOSYS, "no such door")
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(_GETPID_32)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    if ctypes.CFUNCTYPE(ctypes.c_int)(address)() < 0:
        raise OSError(errno.ENOSYS, "no such door")


@probe(Layer.SECCOMP)
def call_as_x32(decoys: Decoys) -> None:
    """Make a system call by the x32 door, whose numbers a filter may forget."""
    raw(X32 | 39, what="x32")


@probe(*_ROOT_ONLY)
def load_module(decoys: Decoys) -> None:
    """Load a module into the kernel."""
    call("finit_module", -1, b"", 0, passed=(errno.EBADF,))


@probe(*_ROOT_ONLY)
def replace_kernel(decoys: Decoys) -> None:
    """Put another kernel in place of this one."""
    call("kexec_load", 0, 0, None, 0xFFFF, passed=(errno.EINVAL,))


@probe(*_ROOT_ONLY)
def restart_machine(decoys: Decoys) -> None:
    """Restart the machine (with a wrong code word)."""
    call("reboot", 0, 0, 0, None, passed=(errno.EINVAL,))


@probe(*_ROOT_ONLY)
def add_swap(decoys: Decoys) -> None:
    """Give the kernel a file to swap to."""
    call("swapon", None, 0, passed=(errno.EFAULT,))


@probe(*_ROOT_ONLY)
def keep_accounts(decoys: Decoys) -> None:
    """Record every process that ends on the machine."""
    call("acct", None)


@probe(*_ROOT_ONLY)
def watch_all_files(decoys: Decoys) -> None:
    """Be asked before any file of the machine is opened."""
    os.close(call("fanotify_init", 4, 0))


@probe(Layer.SECCOMP)
def survive_parent(decoys: Decoys) -> None:
    """Take back that it ends together with the zygote."""
    checked(libc.prctl(_PR_SET_PDEATHSIG, 0, 0, 0, 0), "prctl")


@probe(Layer.SECCOMP)
def allow_debugging(decoys: Decoys) -> None:
    """Take back that nobody may debug it."""
    checked(libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl")


@probe(Layer.SECCOMP)
def type_into_terminal(decoys: Decoys) -> None:
    """Put characters into a terminal's input."""
    checked(libc.ioctl(0, _TIOCSTI, b"x"), "ioctl", passed=(errno.ENOTTY,))


@probe(Layer.UTS)
def learn_host_name(decoys: Decoys) -> None:
    """Learn the machine's name."""
    if os.uname().nodename != decoys.host_name:
        raise stopped("a name of its own")


PROBES = (
    become_other_user, join_group, gain_capability, gain_by_program, keep_capabilities_in_reach, raise_limit,
    gain_priority, gain_disk_priority, make_user_namespace, fork_into_user_namespace, make_network_namespace,
    enter_namespace, submit_by_ring, load_filter_program, measure_processor, pause_kernel_copies, store_in_keyring,
    switch_personality, change_segment_table, drive_ports, call_as_32_bit, call_as_x32, load_module, replace_kernel,
    restart_machine, add_swap, keep_accounts, watch_all_files, survive_parent, allow_debugging, type_into_terminal,
    learn_host_name,
)  # fmt: skip
