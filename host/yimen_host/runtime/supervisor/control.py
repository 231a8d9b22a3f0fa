"""The control socket: one JSON object a line each way, from accounts that the kernel vouches for."""

import asyncio
import json
import logging
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from yimen_host.core.tasks import stopped
from yimen_host.runtime.contract import app_id_json, armed_json, isolation_json, lines_json, spec_json, statuses_json
from yimen_host.runtime.supervisor.supervisor import StillArmed, Supervisor, UnknownRelease

LONGEST_LINE = 1024 * 1024
_CREDENTIALS = struct.Struct("=iII")

logger = logging.getLogger("yimen.supervisor")


def listen(path: Path) -> socket.socket:
    """Open the control socket to every account: each caller's is checked."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(0o666)
    listener.listen()
    return listener


class Control:
    """Serves a supervisor on a unix socket."""

    def __init__(self, supervisor: Supervisor, *, allowed: frozenset[int]) -> None:
        self._supervisor = supervisor
        self._allowed = allowed
        self._clients: set[asyncio.Task[None]] = set()

    async def serve(self, listener: socket.socket) -> asyncio.Server:
        """Answer on a listening socket; the caller closes the server."""
        return await asyncio.start_unix_server(self._client, sock=listener, limit=LONGEST_LINE)

    async def close(self) -> None:
        """Let go of every caller."""
        await stopped(*self._clients)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a stream's callback runs in a task"
        self._clients.add(task)
        try:
            if self._vouched(writer):
                await self._converse(reader, writer)
        except (ConnectionError, ValueError, asyncio.CancelledError):
            pass
        finally:
            self._clients.discard(task)
            writer.close()

    def _vouched(self, writer: asyncio.StreamWriter) -> bool:
        peer: socket.socket = writer.get_extra_info("socket")
        raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        _, uid, _ = _CREDENTIALS.unpack(raw)
        if uid not in self._allowed:
            logger.warning("user %d may not give orders", uid)
        return uid in self._allowed

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer each request on its own, so that a slow drain holds up no other."""
        under_way: set[asyncio.Task[None]] = set()
        while line := await reader.readline():
            answer = asyncio.create_task(self._answer(line, writer))
            under_way.add(answer)
            answer.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _answer(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        asked = json.loads(line)
        try:
            if asked["op"] in _HANDED_OVER:
                self._hand_over(asked, writer)
                return
            result = await _OPERATIONS[asked["op"]](self._supervisor, asked)
            answer = b'{"id":%d,"ok":%s}\n' % (asked["id"], result)
        except (KeyError, ValueError, ValidationError, UnknownRelease, StillArmed, OSError) as error:
            told = json.dumps({"code": type(error).__name__, "message": str(error)})
            answer = b'{"id":%d,"error":%s}\n' % (asked["id"], told.encode())
        except Exception:  # the outermost edge: a caller is never left waiting
            logger.exception("%s failed", asked["op"])
            answer = b'{"id":%d,"error":{"code":"internal","message":"its log says why"}}\n' % asked["id"]
        writer.write(answer)
        await writer.drain()

    def _hand_over(self, asked: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        """Answer with a descriptor. The caller asks on a connection of its own, so nothing else is under way on it."""
        peer: socket.socket = writer.get_extra_info("socket")
        descriptor = _HANDED_OVER[asked["op"]](self._supervisor, asked)
        told = [] if descriptor is None else [descriptor]
        try:
            with socket.socket(fileno=os.dup(peer.fileno())) as plain:
                socket.send_fds(plain, [b'{"id":%d,"ok":null}\n' % asked["id"]], told)
        finally:
            for sent in told:
                os.close(sent)


# What a caller sends is JSON of any shape until the operation has read it.
Asked = dict[str, Any]
Operation = Callable[[Supervisor, Asked], Awaitable[bytes]]


async def _arm(supervisor: Supervisor, asked: Asked) -> bytes:
    return armed_json.dump_json(await supervisor.arm(spec_json.validate_python(asked["spec"])))


async def _disarm(supervisor: Supervisor, asked: Asked) -> bytes:
    await supervisor.disarm(asked["app_id"], asked["version"])
    return b"null"


async def _status(supervisor: Supervisor, asked: Asked) -> bytes:
    return statuses_json.dump_json(supervisor.status())


async def _isolation(supervisor: Supervisor, asked: Asked) -> bytes:
    return isolation_json.dump_json(supervisor.isolation())


async def _log(supervisor: Supervisor, asked: Asked) -> bytes:
    return lines_json.dump_json(supervisor.log(asked["app_id"], asked["version"], asked["lines"]))


async def _erase(supervisor: Supervisor, asked: Asked) -> bytes:
    was_there = await supervisor.erase(app_id_json.validate_python(asked["app_id"]), Path(asked["data"]))
    return b"true" if was_there else b"false"


def _export(supervisor: Supervisor, asked: Asked) -> int | None:
    return supervisor.export(app_id_json.validate_python(asked["app_id"]), Path(asked["data"]))


def _api_listener(supervisor: Supervisor, asked: Asked) -> int:
    return os.dup(supervisor.api_listener(app_id_json.validate_python(asked["app_id"])).fileno())


_OPERATIONS: dict[str, Operation] = {
    "arm": _arm,
    "disarm": _disarm,
    "status": _status,
    "isolation": _isolation,
    "log": _log,
    "erase": _erase,
}
_HANDED_OVER: dict[str, Callable[[Supervisor, Asked], int | None]] = {
    "api_listener": _api_listener,
    "export": _export,
}
"""Answered with a descriptor, which is closed here once it is sent."""
