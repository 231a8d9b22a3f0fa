"""Attacks on other processes: signals, debugging, their memory and descriptors; and running programs."""

import os
import signal
import struct
from pathlib import Path

from yimen_host.runtime.probes.numbers import call, foreign, stopped
from yimen_host.runtime.probes.probe import Decoys, probe
from yimen_host.runtime.sandbox.layers import Layer

_PTRACE_TRACEME, _PTRACE_SEIZE = 0, 0x4206
_EFAULT = 14
_KCMP_VM = 1


@probe(Layer.PID, Layer.LANDLOCK)
def signal_process(decoys: Decoys) -> None:
    """Signal another process of its own user."""
    os.kill(foreign(decoys.process), signal.SIGCONT)


@probe(Layer.PID, Layer.LANDLOCK, Layer.UID)
def signal_supervisor(decoys: Decoys) -> None:
    """Signal the supervisor."""
    os.kill(foreign(decoys.supervisor), 0)


@probe(Layer.PID, Layer.LANDLOCK, Layer.SECCOMP)
def signal_by_descriptor(decoys: Decoys) -> None:
    """Signal another process through a descriptor of it."""
    call("pidfd_send_signal", os.pidfd_open(foreign(decoys.process)), signal.SIGCONT, None, 0)


@probe(Layer.PID, Layer.LANDLOCK, Layer.SECCOMP)
def debug_process(decoys: Decoys) -> None:
    """Attach to another process as a debugger."""
    call("ptrace", _PTRACE_SEIZE, foreign(decoys.process), 0, 0)


@probe(Layer.SECCOMP)
def be_debugged(decoys: Decoys) -> None:
    """Let itself be debugged, which opens a way around other layers."""
    call("ptrace", _PTRACE_TRACEME, 0, 0, 0)


@probe(Layer.SECCOMP, Layer.DUMPABLE, Layer.UID)
def steal_from_own_parent(decoys: Decoys) -> None:
    """Take a descriptor out of another process of the same mini-app."""
    os.close(call("pidfd_getfd", os.pidfd_open(os.getppid()), 0, 0))


@probe(Layer.PID, Layer.LANDLOCK, Layer.SECCOMP)
def steal_descriptor(decoys: Decoys) -> None:
    """Take a descriptor out of another process."""
    os.close(call("pidfd_getfd", os.pidfd_open(foreign(decoys.process)), 0, 0))


@probe(Layer.PID, Layer.LANDLOCK, Layer.SECCOMP)
def read_memory(decoys: Decoys) -> None:
    """Read another process' memory."""
    call("process_vm_readv", foreign(decoys.process), _region(8), 1, _region(8), 1, 0, passed=(_EFAULT,))


@probe(Layer.PID, Layer.LANDLOCK, Layer.SECCOMP)
def write_memory(decoys: Decoys) -> None:
    """Write another process' memory."""
    call("process_vm_writev", foreign(decoys.process), _region(8), 1, _region(8), 1, 0, passed=(_EFAULT,))


@probe(Layer.PID, Layer.LANDLOCK, Layer.SECCOMP)
def compare_process(decoys: Decoys) -> None:
    """Compare the kernel's objects of another process with its own."""
    call("kcmp", os.getpid(), foreign(decoys.process), _KCMP_VM, 0, 0)


@probe(Layer.MOUNT, Layer.LANDLOCK)
def read_command_line(decoys: Decoys) -> None:
    """Read the command line of another process."""
    Path(f"/proc/{decoys.process}/cmdline").read_bytes()


@probe(Layer.MOUNT, Layer.LANDLOCK)
def read_environment(decoys: Decoys) -> None:
    """Read the environment of another process of its own user."""
    Path(f"/proc/{decoys.process}/environ").read_bytes()


@probe(Layer.MOUNT, Layer.LANDLOCK)
def open_memory_file(decoys: Decoys) -> None:
    """Open another process' memory as a file."""
    os.close(os.open(f"/proc/{decoys.process}/mem", os.O_RDWR))


@probe(Layer.MOUNT, Layer.LANDLOCK)
def walk_process_root(decoys: Decoys) -> None:
    """Reach a file of the host through another process' root."""
    Path(f"/proc/{decoys.process}/root/{decoys.secret}").read_bytes()


@probe(Layer.MOUNT, Layer.LANDLOCK)
def walk_process_directory(decoys: Decoys) -> None:
    """List another process' working directory."""
    os.listdir(f"/proc/{decoys.process}/cwd/")


@probe(Layer.SECCOMP, Layer.LANDLOCK, Layer.MOUNT)
def run_program(decoys: Decoys) -> None:
    """Run a program of the machine."""
    os.execv("/bin/true", ["true"])  # noqa: S606  the attack


@probe(Layer.SECCOMP, Layer.LANDLOCK)
def run_loader(decoys: Decoys) -> None:
    """Run the dynamic loader, which is shown because libraries need it."""
    os.execv(_loader(), ["ld.so", "--version"])  # noqa: S606  the attack


@probe(Layer.SECCOMP)
def run_from_memory(decoys: Decoys) -> None:
    """Run a program that is in memory only."""
    memory = os.memfd_create("program")
    os.write(memory, Path(_loader()).read_bytes())
    os.execve(memory, ["ld.so", "--version"], {})  # noqa: S606  the attack


@probe(Layer.DESCRIPTORS)
def use_inherited_descriptor(decoys: Decoys) -> None:
    """Use a descriptor that the zygote left open."""
    for descriptor in range(10, 256):
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        return
    raise stopped("no descriptor but its own")


@probe(Layer.SESSION)
def keep_terminal(decoys: Decoys) -> None:
    """Stay in the session whose terminal it could write to."""
    if os.getsid(0) == os.getppid():
        raise stopped("a session of its own")


@probe(Layer.SECCOMP)
def leave_own_group(decoys: Decoys) -> None:
    """Start a process that leaves the group which ends with the worker."""
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
        except OSError as error:
            os._exit(error.errno or 1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise OSError(abs(code), os.strerror(abs(code)))


def _region(length: int) -> bytes:
    """A vector of one region at an address where nothing is: only the permission is asked for."""
    return struct.pack("=QQ", 0, length)


def _loader() -> str:
    found = [*Path("/lib64").glob("ld-linux*"), *Path("/lib").glob("ld-linux*")]
    if not found:
        raise OSError(95, "no dynamic loader where it is expected")
    return str(found[0])


PROBES = (
    signal_process, signal_supervisor, signal_by_descriptor, debug_process, be_debugged, steal_from_own_parent,
    steal_descriptor, read_memory, write_memory, compare_process, read_command_line, read_environment,
    open_memory_file, walk_process_root, walk_process_directory, run_program, run_loader, run_from_memory,
    use_inherited_descriptor, keep_terminal, leave_own_group,
)  # fmt: skip
