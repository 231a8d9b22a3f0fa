"""The host's client of the supervisor: arm, disarm, ask. It connects again when the supervisor was restarted."""

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

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
        return statuses_json.validate_python(await self._ask("status"))

    async def isolation(self) -> IsolationReport:
        """Tell how far this machine confines a mini-app."""
        return isolation_json.validate_python(await self._ask("isolation"))

    async def log(self, app_id: str, version: str, lines: int = 200) -> list[str]:
        """Return the last lines that a release wrote."""
        return lines_json.validate_python(await self._ask("log", app_id=app_id, version=version, lines=lines))

    async def api_listener(self, app_id: str) -> socket.socket:
        """Return the listening socket on which a mini-app calls the platform: the caller's own handle of it.

        The supervisor keeps it, so calls wait while the host restarts, and every host process may accept on it.
        """
        async with self._connecting:
            await self._connected()  # waits for a supervisor that is starting
        return await asyncio.to_thread(self._receive_listener, app_id)

    async def close(self) -> None:
        """Let the connection go."""
        if self._listening:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    def _receive_listener(self, app_id: str) -> socket.socket:
        """A descriptor travels beside bytes, which asyncio's streams cannot receive: a short connection of its own."""
        asked = json.dumps({"id": 0, "op": "api_listener", "app_id": app_id}).encode() + b"\n"
        try:
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(ANSWER_SECONDS)
                link.connect(str(self._path))
                link.sendall(asked)
                answer, descriptors, _, _ = socket.recv_fds(link, _LONGEST_REFUSAL, 1)
        except OSError as error:
            raise SupervisorUnavailable("the supervisor did not answer api_listener") from error
        if not descriptors:
            raise SupervisorRefused(json.loads(answer)["error"]["message"] if answer else "it gave no socket")
        listener = socket.socket(fileno=descriptors[0])
        listener.setblocking(False)
        return listener

    async def _ask(self, operation: str, **values: Any) -> Any:  # JSON both ways
        async with self._connecting:
            writer = await self._connected()
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

    async def _connected(self) -> asyncio.StreamWriter:
        if self._writer and not self._writer.is_closing() and self._listening and not self._listening.done():
            return self._writer
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
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
