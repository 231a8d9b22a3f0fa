"""Makes the things that the canary attacks, and takes them away again. None holds anything of value."""

import asyncio
import contextlib
import ctypes
import os
import secrets
import shutil
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from yimen_host.runtime.probes.numbers import call, libc
from yimen_host.runtime.probes.probe import Decoys
from yimen_host.runtime.sandbox.confinement import Limits
from yimen_host.runtime.supervisor.baits import Baits

_IPC_CREAT, _IPC_RMID, _ANYBODY = 0o1000, 0, 0o666
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  the machine's own, as an attack target
_LIFE_SECONDS = 600


@contextlib.asynccontextmanager
async def decoys(place: Path, *, uid: int, way_out: Path | None, limits: Limits, baits: Baits) -> AsyncIterator[Decoys]:
    """Set everything up below an empty directory for as long as the block lasts.

    `uid` is the worker's. The paths of its own tree and data are the real ones; the caller replaces them.
    """
    async with contextlib.AsyncExitStack() as stack:
        shutil.rmtree(place, ignore_errors=True)
        stack.callback(shutil.rmtree, place, ignore_errors=True)
        secret = _write(place / "outside" / "secret", mode=0o666)
        private = _write(place / "outside" / "private", mode=0o600)
        _write(place / "tree" / "code.py", mode=0o644)
        note = _write(place / "foreign" / "note", mode=0o666)
        note.parent.chmod(0o777)
        (place / "data").mkdir(mode=0o700)
        foreign_socket = place / "api" / "host.sock"
        foreign_socket.parent.mkdir(mode=0o710)
        open_socket = place / "outside" / "open.sock"
        release_socket = place / "release" / "app.sock"
        release_socket.parent.mkdir(mode=0o711)
        for path in (foreign_socket, open_socket, release_socket):
            stack.enter_context(_listening(socket.AF_UNIX, str(path)))
            path.chmod(0o666)
        # Random, because two supervisors in process namespaces of their own may have one number and share a network.
        abstract = f"yimen-decoy-{secrets.token_hex(6)}"
        stack.enter_context(_listening(socket.AF_UNIX, f"\0{abstract}"))
        receiver = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        receiver.bind(("127.0.0.1", 0))
        key = stack.enter_context(_queues())
        shared = _SHARED_MEMORY / abstract
        stack.enter_context(_shared_file(shared))
        yield Decoys(
            secret=secret,
            private=private,
            handle=_handle(secret),
            foreign=note.parent,
            tree=place / "tree",
            data=place / "data",
            process=await stack.enter_async_context(_sleeper(uid)),
            supervisor=os.getpid(),
            host_name=os.uname().nodename,
            tcp=stack.enter_context(_listening(socket.AF_INET, ("127.0.0.1", 0))).getsockname()[1],
            tcp6=_port_of_version_6(stack),
            udp=receiver.getsockname()[1],
            abstract=abstract,
            open_socket=open_socket,
            foreign_socket=foreign_socket,
            release_socket=release_socket,
            baits=baits.digests,
            queue_key=key,
            shared_file=shared,
            control_group=way_out,
            limits=limits,
        )


def _write(path: Path, *, mode: int) -> Path:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    path.write_bytes(b"a decoy: nothing here is worth reading\n")
    path.chmod(mode)
    return path


def _listening(family: socket.AddressFamily, address: str | tuple[str, int]) -> socket.socket:
    listener = socket.socket(family)
    listener.bind(address)
    listener.listen()
    return listener


def _port_of_version_6(stack: contextlib.AsyncExitStack) -> int:
    try:
        return int(stack.enter_context(_listening(socket.AF_INET6, ("::1", 0))).getsockname()[1])
    except OSError:
        return 0


@contextlib.asynccontextmanager
async def _sleeper(uid: int) -> AsyncIterator[int]:
    """A process of the worker's own user, outside its confinement."""
    other = None if uid == os.geteuid() else uid
    process = await asyncio.create_subprocess_exec(
        "sleep",
        str(_LIFE_SECONDS),
        env={"PATH": os.defpath, "DECOY": "secret"},
        cwd="/",
        user=other,
        group=other,
        extra_groups=None if other is None else [],
    )
    try:
        yield process.pid
    finally:
        process.kill()
        await process.wait()


@contextlib.contextmanager
def _shared_file(path: Path) -> Iterator[None]:
    if not path.parent.is_dir():
        yield
        return
    _write(path, mode=0o666)
    try:
        yield
    finally:
        path.unlink()


@contextlib.contextmanager
def _queues() -> Iterator[int]:
    """A System V segment, queue and semaphore under one key, open to every account."""
    key = 0x596D0000 | secrets.randbits(16)
    segment = libc.shmget(key, 4096, _IPC_CREAT | _ANYBODY)
    queue = libc.msgget(key, _IPC_CREAT | _ANYBODY)
    semaphore = libc.semget(key, 1, _IPC_CREAT | _ANYBODY)
    try:
        yield key
    finally:
        libc.shmctl(segment, _IPC_RMID, None)
        libc.msgctl(queue, _IPC_RMID, None)
        libc.semctl(semaphore, 0, _IPC_RMID)


def _handle(path: Path) -> str:
    """Return the file's handle as the kernel gives it, or nothing where there are none."""
    buffer = ctypes.create_string_buffer(struct.pack("=Ii", 128, 0), 8 + 128)
    mount = ctypes.create_string_buffer(4)
    try:
        call("name_to_handle_at", -100, os.fsencode(path), buffer, mount, 0)
    except OSError:
        return ""
    length, _ = struct.unpack_from("=Ii", buffer.raw)
    return buffer.raw[: 8 + length].hex()
