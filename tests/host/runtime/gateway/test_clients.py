"""Clients that others wrote, against the gateway as it is served, before a mini-app that answers for real."""

import asyncio
import contextlib
import re
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.host.runtime.gateway.conftest import CSP, Apps, Sessions

from yimen_host.runtime.gateway.edge import Edge
from yimen_host.runtime.gateway.gateway import Gateway
from yimen_host.runtime.gateway.hosts import Hosts
from yimen_host.runtime.gateway.ports import AppTarget, ReleaseTarget, TargetState

MIB = 1024 * 1024
_CLIENT_SECONDS = 60
THREE_AT_ONCE = """
init = function()
    local one = wrk.format("GET", "/")
    request = function() return one .. one .. one end
end
response = function(status, headers, body)
    if status ~= 200 or body ~= "tea" then
        io.write("WRONG ", status, " ", body, "\\n")
        wrk.thread:stop()
    end
end
"""


def needs(program: str) -> pytest.MarkDecorator:
    """Skip where a client is not installed."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@dataclass
class Shop:
    """A gateway on a port, before a mini-app."""

    address: str
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once somebody went away before the end of what has none."""

    async def run(self, program: str, *arguments: str, sent: bytes = b"") -> tuple[int, bytes, str]:
        """Run a client on this address; return its status, its output and what it says besides."""
        process = await asyncio.create_subprocess_exec(
            program, *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(_CLIENT_SECONDS):
            output, told = await process.communicate(sent)
        assert process.returncode is not None
        return process.returncode, output, told.decode()

    async def page(self, request: Request) -> Response:
        """Say something short."""
        return PlainTextResponse("tea")

    async def weigh(self, request: Request) -> Response:
        """Say what came."""
        digest, size = sha256(), 0
        async for piece in request.stream():
            digest.update(piece)
            size += len(piece)
        return PlainTextResponse(f"{size} {digest.hexdigest()}")

    async def pour(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send without end, until the other side has gone."""

        async def pieces() -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
                await asyncio.sleep(0)

        pouring = asyncio.create_task(pieces())
        while (await receive())["type"] != "http.disconnect":
            continue
        pouring.cancel()
        self.left.set()


@pytest.fixture
async def shop(run_dir: Path) -> AsyncIterator[Shop]:
    """A running one."""
    listener = socket.create_server(("127.0.0.1", 0))
    place = f"localhost:{listener.getsockname()[1]}"
    shop = Shop(f"http://probe.{place}")
    application = Starlette(
        routes=[
            Route("/", shop.page),
            Route("/weigh", shop.weigh, methods=["POST", "PUT"]),
            Mount("/pour", shop.pour),
        ]
    )
    worker = socket.socket(socket.AF_UNIX)
    worker.bind(str(run_dir / "app.sock"))
    target = AppTarget("probe", TargetState.LIVE, ReleaseTarget(run_dir / "app.sock", CSP))
    gateway = Gateway(
        hosts=Hosts(portal=place, apps=place),
        portal=PlainTextResponse("portal"),
        platform=PlainTextResponse("platform"),
        directory=Apps(target),
        sessions=Sessions(run_dir / "app.sock"),
        kept=lambda app_id, cookie: None,
    )
    async with serving(application, worker, "httptools"), serving(gateway, listener, Edge):
        yield shop
    gateway.close()


@contextlib.asynccontextmanager
async def serving(application: ASGIApp, listener: socket.socket, http: type[Edge] | str) -> AsyncIterator[None]:
    """Serve as long as the block lasts."""
    config = uvicorn.Config(application, http=http, lifespan="off", log_level="critical", server_header=False)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([listener]))
    while not server.started:  # noqa: ASYNC110  uvicorn has no event
        await asyncio.sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        await task


@needs("curl")
async def test_curl_keeps_one_connection(shop: Shop) -> None:
    pages = [shop.address + "/"] * 3

    status, output, _ = await shop.run("curl", "-sS", "-w", " %{http_code} %{num_connects}\n", *pages)

    assert (status, output) == (0, b"tea 200 1\ntea 200 0\ntea 200 0\n")


@needs("curl")
async def test_curl_sees_the_head_of_what_it_would_get(shop: Shop) -> None:
    _, whole, _ = await shop.run("curl", "-sSi", shop.address)
    status, head, _ = await shop.run("curl", "-sSI", shop.address)

    assert status == 0
    assert _undated(head) == _undated(whole.removesuffix(b"tea"))


@needs("curl")
@pytest.mark.parametrize(
    "how",
    [
        ["-H", "Expect: 100-continue", "--expect100-timeout", "50"], ["-H", "Expect:"],
        ["-H", "Transfer-Encoding: chunked", "-H", "Expect:"], ["--http1.0", "-H", "Expect:"],
    ],
    ids=["expecting", "plain", "chunked", "old"],
)  # fmt: skip
async def test_curl_uploads_much(shop: Shop, how: list[str]) -> None:
    body = b"leaf " * (MIB // 2)

    status, output, told = await shop.run(
        "curl", "-sSv", *how, "--data-binary", "@-", f"{shop.address}/weigh", sent=body
    )

    assert (status, output.decode()) == (0, f"{len(body)} {sha256(body).hexdigest()}")
    assert ("< HTTP/1.1 100 Continue" in told) == ("Expect: 100-continue" in how)


@needs("curl")
async def test_curl_hears_that_it_sends_too_much(shop: Shop) -> None:
    body = bytes(30 * MIB)

    expecting = await shop.run(
        "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{size_upload}", "-H", "Expect: 100-continue",
        "--expect100-timeout", "50", "--data-binary", "@-", f"{shop.address}/weigh", sent=body,
    )  # fmt: skip

    assert expecting[:2] == (0, b"413 0")


@needs("curl")
async def test_who_leaves_a_download_leaves_nothing_behind(shop: Shop) -> None:
    curl = await asyncio.create_subprocess_exec(
        "curl", "-sS", f"{shop.address}/pour/", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert curl.stdout is not None
    first = await curl.stdout.readexactly(100_000)
    curl.kill()
    await curl.communicate()  # a paused pipe would hide its end

    async with asyncio.timeout(_CLIENT_SECONDS):
        await shop.left.wait()
    _, after, _ = await shop.run("curl", "-sS", shop.address)

    assert (first, after) == (b"x" * 100_000, b"tea")


@needs("h2load")
async def test_h2load_gets_every_pipelined_answer(shop: Shop) -> None:
    host, port = shop.address.removeprefix("http://").split(":")

    status, output, _ = await shop.run(
        "h2load", "--h1", "-n", "1000", "-c", "4", "-m", "8", f"--connect-to=127.0.0.1:{port}", f"http://{host}:{port}/"
    )

    told = output.decode()
    assert status == 0
    assert "requests: 1000 total, 1000 started, 1000 done, 1000 succeeded, 0 failed, 0 errored, 0 timeout" in told
    assert "status codes: 1000 2xx, 0 3xx, 0 4xx, 0 5xx" in told


@needs("wrk")
async def test_wrk_gets_right_answers_only(shop: Shop, tmp_path: Path) -> None:
    script = tmp_path / "three_at_once.lua"
    script.write_text(THREE_AT_ONCE)
    host, port = shop.address.removeprefix("http://").split(":")

    status, output, _ = await shop.run(
        "wrk", "-t1", "-c4", "-d1s", "-s", str(script), "-H", f"Host: {host}:{port}", f"http://127.0.0.1:{port}/"
    )

    told = output.decode()
    answered = re.search(r"(\d+) requests in", told)
    assert status == 0
    assert answered
    assert int(answered[1]) > 0
    assert [line for line in told.splitlines() if "WRONG" in line or "errors" in line or "Non-2xx" in line] == []


def _undated(head: bytes) -> list[bytes]:
    return sorted(line for line in head.split(b"\r\n") if not line.lower().startswith(b"date:"))
