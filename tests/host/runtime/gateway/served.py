"""A gateway served by uvicorn on a TCP port, before a scripted worker; spoken to in raw bytes."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import uvicorn
from starlette.responses import PlainTextResponse
from tests.host.runtime.gateway.conftest import CSP, OK, Apps, Sessions, Worker

from yimen_host.runtime.gateway.edge import Edge
from yimen_host.runtime.gateway.gateway import Gateway
from yimen_host.runtime.gateway.hosts import Hosts
from yimen_host.runtime.gateway.ports import AppTarget, ReleaseTarget, TargetState, Visitor

HOST = b"Host: probe.localhost\r\n"
KNOWN = b"Cookie: __Host-yimen=good\r\n"
_CHANGING = re.compile(rb"^(?:date|yimen-request-id|traceparent): .*\r\n", re.MULTILINE | re.IGNORECASE)
_SILENCE_SECONDS = 0.5


@dataclass
class Served:
    """One server."""

    port: int
    gateway: Gateway
    worker: Worker
    apps: Apps
    sessions: Sessions

    async def say(self, *pieces: bytes) -> bytes:
        """Send bytes on a connection of their own and return what comes until nobody says more; dates left out."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        answer = b""
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                answer += await _until_silent(reader, answer)
        except ConnectionError:
            pass
        finally:
            writer.close()
        return _CHANGING.sub(b"", answer)

    @property
    def heard(self) -> list[bytes]:
        """Return what the worker was sent, without what differs at every request."""
        return [_CHANGING.sub(b"", request) for request in self.worker.requests]


async def _until_silent(reader: asyncio.StreamReader, before: bytes) -> bytes:
    """Read until the connection ends, a whole answer is there, or nothing comes for a while."""
    answer = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        while not _is_whole(answer):
            async with asyncio.timeout(_SILENCE_SECONDS):
                data = await reader.read(65536)
            if not data:
                break
            answer += data
    return answer


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: (\d+)", head)
    return bool(end and length and len(body) >= int(length[1]) and b"connection: close" not in head)


@contextlib.asynccontextmanager
async def served(place: Path, http: type[Edge] | Literal["httptools"]) -> AsyncIterator[Served]:
    """Serve a gateway with one protocol or the other."""
    worker = Worker(place / "app.sock")
    worker.script = [OK]
    await worker.start()
    apps = Apps(AppTarget("probe", TargetState.LIVE, ReleaseTarget(worker.path, CSP)))
    sessions = Sessions(worker.path)

    def kept(app_id: str, cookie: str) -> Visitor | None:
        return sessions.visitor if cookie == "good" else None

    gateway = Gateway(
        hosts=Hosts(portal="localhost", apps="localhost"),
        portal=PlainTextResponse("portal"),
        platform=PlainTextResponse("platform"),
        directory=apps,
        sessions=sessions,
        leave=lambda location: PlainTextResponse(f"leave for {location}"),
        kept=kept,
    )
    config = uvicorn.Config(
        gateway, port=0, http=http, lifespan="off", log_level="critical", server_header=False, proxy_headers=False
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110  uvicorn has no event
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Served(port, gateway, worker, apps, sessions)
    finally:
        server.should_exit = True
        server.force_exit = True
        await task
        gateway.close()
        await worker.stop()
