"""Several host processes under a steady load while releases change: what each process answered, in order."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy.ext.asyncio import create_async_engine
from tests.town import Town as RunningHost

from yimen_host.cli.demo import PASSWORD
from yimen_host.core.clock import SystemClock
from yimen_host.core.embedded import EmbeddedPostgres
from yimen_host.core.sockets import run_directory
from yimen_host.identity.sessions import COOKIE as PORTAL_COOKIE
from yimen_host.runtime.sessions import COOKIE as APP_COOKIE
from yimen_host.runtime.supervision import Supervision
from yimen_registry import Registry
from yimen_registry.testing import Clock, Town, WheelDraft, found_town

APP = "kettle"
PATIENCE_SECONDS = 10.0
_MANIFEST = """
id = "kettle"
title = { zh = "水壶", en = "Kettle" }
category = "life"
sdk = ">=1.0,<2"
"""
_CODE = '''
"""Kettle: tells its version."""

from starlette.responses import PlainTextResponse

from yimen_sdk import MiniApp, Request, Response, hookimpl

app = MiniApp(__name__)


@app.get("/", public=True)
async def home(request: Request) -> Response:
    """Tell the version."""
    return PlainTextResponse(request.surroundings.version)


@hookimpl
def yimen_miniapps() -> list[MiniApp]:
    """Offer this mini-app."""
    return [app]
'''
Said = tuple[int, str]


def kettle(version: str) -> WheelDraft:
    """A release of the kettle."""
    draft = WheelDraft(APP, f"yimen-{APP}", f"yimen_{APP}", version)
    return draft.adding(f"yimen_{APP}/miniapp.toml", _MANIFEST).adding(f"yimen_{APP}/__init__.py", _CODE)


@asynccontextmanager
async def registry_of(host: RunningHost) -> AsyncIterator[Town]:
    """The registry of a running host, with a publisher and reviewers of its own."""
    address = EmbeddedPostgres(host.var / "postgres").database("yimen", owner="yimen")
    engine = create_async_engine(address.url)
    registry = Registry(engine, host.var / "registry", SystemClock().now)
    yield await found_town(registry, host.var, Clock())
    await engine.dispose()


@dataclass
class Line:
    """One connection that is kept alive, to the process that took it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    process: int
    cookie: str = ""

    @classmethod
    async def open(cls, host: RunningHost, processes: Iterable[int], cookie: str = "") -> "Line":
        """Connect, and find out which process the kernel gave the connection to."""
        reader, writer = await asyncio.open_connection("127.0.0.1", host.port)
        line = cls(reader, writer, 0, cookie)
        await line.get(host)  # from now on somebody has accepted it
        line.process = _holder(writer.get_extra_info("sockname")[1], host.port, processes)
        return line

    async def get(self, host: RunningHost) -> Said:
        """Ask the kettle for its version. Raises ConnectionError or IncompleteReadError when nothing whole comes."""
        cookie = f"Cookie: {APP_COOKIE}={self.cookie}\r\n" if self.cookie else ""
        self.writer.write(f"GET / HTTP/1.1\r\nHost: {APP}.localhost:{host.port}\r\n{cookie}\r\n".encode())
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        assert length, head
        body = (await self.reader.readexactly(int(length[1]))).decode()
        status = int(head.split()[1])
        return status, body if status == 200 else ""


def _holder(client: int, port: int, processes: Iterable[int]) -> int:
    """The process that holds the server's end of a connection on this machine."""
    ends = f":{port:04X}", f":{client:04X}"
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, ours, theirs, *rest = row.split()
        if ours.endswith(ends[0]) and theirs.endswith(ends[1]):
            wanted = f"socket:[{rest[6]}]"
            for process in processes:
                if any(str(fd.readlink()) == wanted for fd in Path(f"/proc/{process}/fd").iterdir()):
                    return process
    raise LookupError("nobody holds the connection")


def host_processes(host: RunningHost) -> list[int]:
    """The processes of a host that serve its port."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                told = (entry / "environ").read_bytes(), (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if f"YIMEN_PORT={host.port}\0".encode() in told[0] and b"\0serve\0--fd\0" in told[1]:
                found.append(int(entry.name))
    return found


@dataclass
class Load:
    """Requests at a steady rate on connections to every process."""

    host: RunningHost
    lines: list[Line]
    rate: float
    said: dict[int, list[Said]] = field(default_factory=dict)
    """What each process answered, in order, repetitions left out."""
    failures: list[str] = field(default_factory=list)
    answers: int = 0
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> "Load":
        self._tasks = [asyncio.create_task(self._ask(line, number)) for number, line in enumerate(self.lines)]
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def until_all_say(self, said: Said) -> float:
        """Wait until the last answer of every process is this; return how many seconds that took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while any(answers[-1] != said for answers in self.said.values()):
            assert loop.time() < began + PATIENCE_SECONDS, self.said
            await asyncio.sleep(0.01)
        return loop.time() - began

    async def _ask(self, line: Line, number: int) -> None:
        pause = len(self.lines) / self.rate
        await asyncio.sleep(pause * number / len(self.lines))
        while True:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    said = await line.get(self.host)
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                self.failures.append(f"{type(error).__name__}: {error}")
                return
            self.answers += 1
            told = self.said.setdefault(line.process, [])
            if not told or told[-1] != said:
                told.append(said)
            await asyncio.sleep(pause)


async def open_kettle(host: RunningHost, phone: str) -> str:
    """Sign in as an account of the demo, open the kettle, and tell the cookie of its origin."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{host.port}") as client:
        portal = {"Host": f"localhost:{host.port}", "Origin": host.origin}
        form = {"phone": phone, "password": PASSWORD}
        signed_in = await client.post("/sign-in", data=form, headers=portal)
        shell = await client.get(f"/apps/{APP}", headers={**portal, "Cookie": _cookie(signed_in, PORTAL_COOKIE)})
        found = re.search(rf'http://{APP}\.localhost:\d+(/\.yimen/launch\?[^"]+)"', shell.text)
        assert found, shell.text
        path = found[1].replace("&amp;", "&")
        taken = await client.get(path, headers={"Host": f"{APP}.localhost:{host.port}"})
        return _cookie(taken, APP_COOKIE).partition("=")[2]


async def until_armed_are(host: RunningHost, versions: list[str]) -> None:
    """Wait until the supervisor has let go of every other release of the kettle."""
    supervision = Supervision(run_directory(host.var) / "control.sock")
    try:
        async with asyncio.timeout(3 * PATIENCE_SECONDS):
            while [one.version for one in await supervision.status() if one.app_id == APP] != versions:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    finally:
        await supervision.close()


def _cookie(response: httpx.Response, name: str) -> str:
    for header in response.headers.get_list("set-cookie"):
        if header.startswith(f"{name}="):
            return str(header.partition(";")[0])
    raise LookupError(f"no {name} in {response.status_code} {response.headers}")
