"""A gateway before a scripted worker: a real unix socket that answers whatever the test says."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from yimen_host.core.errors import TryLater
from yimen_host.runtime.gateway.gateway import Gateway
from yimen_host.runtime.gateway.hosts import Hosts
from yimen_host.runtime.gateway.ports import AppTarget, ReleaseTarget, TargetState, Visitor

CSP = "default-src 'none'"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Answer:
    """What a browser got."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    whole: bool = True

    def header(self, name: str) -> list[str]:
        """Return all values of a header."""
        return [value for given, value in self.headers if given == name]


class Worker:
    """A scripted worker; it remembers the requests it was sent."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.script: list[bytes] = []
        """Answers in turn; the last is repeated. A lone b"" closes the connection."""
        self.requests: list[bytes] = []
        self.connections = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def stop(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()

    @property
    def heads(self) -> list[set[str]]:
        """Return the header lines of each request, lower-cased names."""
        return [set(request.decode().split("\r\n\r\n")[0].split("\r\n")[1:]) for request in self.requests]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(head + await _body(head, reader))
                answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                if not answer:
                    break
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return await reader.readexactly(int(line[15:]))
        if line == b"transfer-encoding: chunked":
            return await reader.readuntil(b"0\r\n\r\n")
    return b""


class Apps:
    """The gateway's directory: one mini-app, whose target a test may change."""

    def __init__(self, target: AppTarget) -> None:
        self.target = target

    def find(self, app_id: str) -> AppTarget | None:
        """Know one mini-app."""
        return self.target if app_id == self.target.app_id else None


class Sessions:
    """The gateway's sessions: the cookie `good` is a visitor, and `away` cannot be looked up."""

    def __init__(self, socket: Path) -> None:
        self.visitor = Visitor("session", ReleaseTarget(socket, CSP), "signed-assertion")
        self.ended = False

    async def identify(self, app_id: str, cookie: str | None) -> Visitor | None:
        """Know one cookie."""
        if cookie == "away":
            raise TryLater("nobody can be looked up")
        return self.visitor if cookie == "good" and not self.ended else None


Call = Callable[..., Awaitable[Answer]]


@dataclass
class Edge:
    """A gateway with its scripted worker and its directory."""

    gateway: Gateway
    worker: Worker
    apps: Apps
    platform: list[str] = field(default_factory=list)

    async def get(self, path: str = "/", *headers: tuple[str, str], host: str = "probe.localhost") -> Answer:
        """Send a GET."""
        return await self.send("GET", path, ("host", host), *headers)

    async def send(self, method: str, path: str, *headers: tuple[str, str], body: list[bytes] | None = None) -> Answer:
        """Send any request, as uvicorn hands it over."""
        raw, _, query = path.partition("?")
        scope: Scope = {
            "type": "http", "method": method, "path": raw, "raw_path": raw.encode(), "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        }  # fmt: skip
        return await call(self.gateway, scope, body or [])


async def call(gateway: Gateway, scope: Scope, body: list[bytes]) -> Answer:
    """Run the application once and collect what it sends."""
    pieces = list(body)
    sent: list[Message] = []
    gone = asyncio.Event()

    async def receive() -> Message:
        if pieces:
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await gateway(scope, receive, send)
    start, *rest = sent
    headers = [(name.decode().lower(), value.decode("latin-1")) for name, value in start["headers"]]
    whole = bool(rest) and not rest[-1].get("more_body", False)
    return Answer(start["status"], headers, b"".join(part.get("body", b"") for part in rest), whole)


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """A short path."""
    home = Path(tempfile.mkdtemp(prefix="ym"))
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
async def edge(run_dir: Path) -> AsyncIterator[Edge]:
    """A gateway before a scripted worker that answers `ok`."""
    worker = Worker(run_dir / "app.sock")
    worker.script = [OK]
    await worker.start()
    apps = Apps(AppTarget("probe", TargetState.LIVE, ReleaseTarget(worker.path, CSP)))
    asked: list[str] = []

    async def platform(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(f"{scope['state']['app_id']} {scope['path']}")
        await PlainTextResponse("platform")(scope, receive, send)

    gateway = Gateway(
        hosts=Hosts(portal="localhost", apps="localhost"),
        portal=PlainTextResponse("portal"),
        platform=platform,
        directory=apps,
        sessions=Sessions(worker.path),
        leave=lambda location: PlainTextResponse(f"leave for {location}"),
    )
    yield Edge(gateway, worker, apps, asked)
    gateway.close()
    await worker.stop()
