"""The host's client of the supervisor: arm, disarm, ask. It connects again when the supervisor was restarted."""

import asyncio
import json
import os
import socket
from pathlib import Path
from typing import IO, Any

from yimen_host.core.tasks import stopped
from yimen_host.runtime.contract import (
    Armed,
    IsolationReport,
    ReleaseSpec,
    ReleaseStatus,
    armed_json,
    isolation_json,
    lines_json,
    spec_json,
    statuses_json,
)

CONNECT_SECONDS = 15.0
"""The supervisor needs a few seconds to start; a host started beside it waits for it."""
LOOK_SECONDS = 3.0
"""Who only wants to know, such as a page of the console, is told sooner that it is away."""
ANSWER_SECONDS = 30.0
"""Longer than the longest drain."""
_RETRY_SECONDS = 0.05
_LONGEST_REFUSAL = 4096
_LONGEST_LINE = 8 * 1024 * 1024


class SupervisorUnavailable(Exception):
    """The supervisor does not answer; start it, or look at its log."""


class SupervisorRefused(Exception):
    """The supervisor understood the order and refused it; the message says why."""


class Supervision:
    """The supervisor, as the host sees it."""

    def __init__(self, control_socket: Path) -> None:
        self._path = control_socket
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None
        self._asked: dict[int, asyncio.Future[Any]] = {}  # an answer is JSON until the caller has read it
        self._number = 0
        self._connecting = asyncio.Lock()

    async def arm(self, release: ReleaseSpec) -> Armed:
        """Open a release's socket; idempotent. The first connection to it wakes the release."""
        answer = await self._ask("arm", spec=spec_json.dump_python(release, mode="json"))
        return armed_json.validate_python(answer)

    async def disarm(self, app_id: str, version: str) -> None:
        """Drain a release, end it and take its socket away; nothing happens when it is not armed."""
        await self._ask("disarm", app_id=app_id, version=version)

    async def status(self) -> list[ReleaseStatus]:
        """Tell where every armed release stands."""
        return statuses_json.validate_python(await self._ask("status", patience=LOOK_SECONDS))

    async def isolation(self) -> IsolationReport:
        """Tell how far this machine confines a mini-app."""
        return isolation_json.validate_python(await self._ask("isolation", patience=LOOK_SECONDS))

    async def log(self, app_id: str, version: str, lines: int = 200) -> list[str]:
        """Return the last lines that a release wrote."""
        answer = await self._ask("log", patience=LOOK_SECONDS, app_id=app_id, version=version, lines=lines)
        return lines_json.validate_python(answer)

    async def api_listener(self, app_id: str) -> socket.socket:
        """Return the listening socket on which a mini-app calls the platform: the caller's own handle of it.

        The supervisor keeps it, so calls wait while the host restarts, and every host process may accept on it.
        """
        descriptor = await self._receive("api_listener", app_id=app_id)
        assert descriptor is not None, "the supervisor makes what is not there"
        listener = socket.socket(fileno=descriptor)
        listener.setblocking(False)
        return listener

    async def erase(self, app_id: str, data: Path) -> bool:
        """Empty a mini-app's directory that belongs to a user of its own; return False when it does not.

        Raises SupervisorRefused while a release of it is armed.
        """
        return bool(await self._ask("erase", app_id=app_id, data=str(data)))

    async def export(self, app_id: str, data: Path) -> IO[bytes] | None:
        """Return a package of the files in such a directory, for `belongings.unpacked`; None when it is no such.

        Raises SupervisorRefused while a release of it is armed.
        """
        descriptor = await self._receive("export", app_id=app_id, data=str(data))
        return None if descriptor is None else os.fdopen(descriptor, "rb")

    async def close(self) -> None:
        """Let the connection go."""
        listening, self._listening = self._listening, None
        await stopped(listening)

    async def _receive(self, operation: str, **values: str) -> int | None:
        async with self._connecting:
            await self._connected(CONNECT_SECONDS)
        asked = json.dumps({"id": 0, "op": operation, **values}).encode() + b"\n"
        return await asyncio.to_thread(self._receive_descriptor, asked)

    def _receive_descriptor(self, asked: bytes) -> int | None:
        """A descriptor travels beside bytes, which asyncio's streams cannot receive: a short connection of its own."""
        try:
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(ANSWER_SECONDS)
                link.connect(str(self._path))
                link.sendall(asked)
                answer, descriptors, _, _ = socket.recv_fds(link, _LONGEST_REFUSAL, 1)
        except OSError as error:
            raise SupervisorUnavailable("the supervisor handed nothing over") from error
        told = json.loads(answer) if answer else {"error": {"message": "it closed the connection"}}
        if "error" in told:
            raise SupervisorRefused(told["error"]["message"])
        return descriptors[0] if descriptors else None

    async def _ask(self, operation: str, *, patience: float = CONNECT_SECONDS, **values: Any) -> Any:  # JSON both ways
        async with self._connecting:
            writer = await self._connected(patience)
        self._number += 1
        number = self._number
        self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            writer.write(json.dumps({"id": number, "op": operation, **values}).encode() + b"\n")
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._asked[number]
        except (ConnectionError, TimeoutError) as error:
            raise SupervisorUnavailable(f"the supervisor did not answer {operation}") from error
        finally:
            self._asked.pop(number, None)

    async def _connected(self, patience: float) -> asyncio.StreamWriter:
        if self._writer and not self._writer.is_closing() and self._listening and not self._listening.done():
            return self._writer
        try:
            async with asyncio.timeout(patience):
                reader, self._writer = await self._connect()
        except TimeoutError as error:
            raise SupervisorUnavailable(f"no supervisor answers on {self._path}") from error
        self._listening = asyncio.create_task(self._listen(reader, self._writer))
        return self._writer

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while True:
            try:
                return await asyncio.open_unix_connection(self._path, limit=_LONGEST_LINE)
            except (FileNotFoundError, ConnectionRefusedError):
                await asyncio.sleep(_RETRY_SECONDS)

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                told = json.loads(line)
                asked = self._asked.get(told["id"])
                if asked and not asked.done():
                    if "error" in told:
                        asked.set_exception(SupervisorRefused(told["error"]["message"]))
                    else:
                        asked.set_result(told["ok"])
        except (ConnectionError, ValueError):
            pass
        finally:
            writer.close()
            for asked in self._asked.values():
                if not asked.done():
                    asked.set_exception(ConnectionResetError("the supervisor closed the connection"))
