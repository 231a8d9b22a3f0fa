"""Attacks on what all share: processes, threads, memory, descriptors, disk."""

import ctypes
import mmap
import os
import signal
import threading
from contextlib import suppress

from yimen_host.runtime.probes.numbers import checked, libc, stopped
from yimen_host.runtime.probes.probe import Decoys, probe
from yimen_host.runtime.sandbox.confinement import MIB
from yimen_host.runtime.sandbox.layers import Layer

_MORE = 8
_CHILD_SECONDS = 2
_SCRATCH_FILES = 4096
"""As many as the private root's scratch directory may have."""


@probe(Layer.RLIMITS, Layer.CGROUP)
def fork_without_end(decoys: Decoys) -> None:
    """Fork more processes than it may have."""
    children: list[int] = []
    try:
        for _ in range(decoys.limits.processes + _MORE):
            child = os.fork()
            if child == 0:
                signal.alarm(_CHILD_SECONDS)
                signal.pause()
            children.append(child)
    finally:
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


@probe(Layer.RLIMITS, Layer.CGROUP)
def start_threads_without_end(decoys: Decoys) -> None:
    """Start more threads than it may have."""
    enough = threading.Event()
    try:
        for _ in range(decoys.limits.processes + _MORE):
            threading.Thread(target=enough.wait, args=(_CHILD_SECONDS,), daemon=True).start()
    except RuntimeError as error:
        raise stopped(str(error)) from error
    finally:
        enough.set()


@probe(Layer.RLIMITS, Layer.CGROUP)
def take_memory_without_end(decoys: Decoys) -> None:
    """Take more memory than it may have."""
    room = mmap.mmap(-1, 2 * decoys.limits.memory + 1024 * MIB)
    for page in range(0, decoys.limits.memory + 32 * MIB, mmap.PAGESIZE):
        room[page] = 1


@probe(Layer.RLIMITS)
def lock_memory(decoys: Decoys) -> None:
    """Hold memory so that it can never be swapped out."""
    room = mmap.mmap(-1, 16384)
    address = ctypes.addressof(ctypes.c_char.from_buffer(room))
    checked(libc.mlock(ctypes.c_void_p(address), 16384), "mlock")


@probe(Layer.RLIMITS)
def open_without_end(decoys: Decoys) -> None:
    """Open more descriptors than it may have."""
    for _ in range(decoys.limits.descriptors + _MORE):
        os.dup(0)


@probe(Layer.RLIMITS)
def write_without_end(decoys: Decoys) -> None:
    """Write one file larger than its disk quota."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    file = decoys.data / "endless"
    with file.open("wb") as endless:
        try:
            endless.seek(decoys.limits.disk + MIB)
            endless.write(b"x")
            endless.flush()
        finally:
            file.unlink()


@probe(Layer.MOUNT, Layer.LANDLOCK)
def fill_temporary_files(decoys: Decoys) -> None:
    """Put files into the machine's directory for temporary files."""
    if os.statvfs("/tmp").f_files == _SCRATCH_FILES:  # noqa: S108  the machine's is what is attacked
        raise stopped("temporary files of its own")
    os.close(os.open("/tmp", os.O_TMPFILE | os.O_WRONLY, 0o600))  # noqa: S108


PROBES = (
    fork_without_end, start_threads_without_end, take_memory_without_end, lock_memory, open_without_end,
    write_without_end, fill_temporary_files,
)  # fmt: skip
