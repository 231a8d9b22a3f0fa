"""A hostile HTTP peer on either side of the gateway, in raw bytes over real sockets.

The control of each attack is the worker reached without the gateway, or uvicorn without our policy: there it succeeds.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.host.runtime.gateway.conftest import OK
from tests.host.runtime.gateway.served import HOST, KNOWN, Served, served

from yimen_host.runtime.gateway.edge import Edge

LINE = b"GET / HTTP/1.1\r\n"
POST = b"POST / HTTP/1.1\r\nOrigin: http://probe.localhost\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: probe.localhost\r\n\r\n"


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """A short path."""
    home = Path(tempfile.mkdtemp(prefix="ym"))
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
async def edge(run_dir: Path) -> AsyncIterator[Served]:
    """The host's edge before a worker, with one connection to it warm."""
    async with served(run_dir, Edge) as server:
        await server.say(LINE + HOST + b"\r\n")
        server.worker.requests.clear()
        yield server


REFUSED = {
    "two lengths": POST + HOST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "length and chunks": POST + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunks and length": POST + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "unknown coding": POST + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two codings": POST + HOST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "coding with a tab": POST + HOST + b"Transfer-Encoding:\tchunked, identity\r\n\r\n0\r\n\r\n",
    "space before the colon": POST + HOST + b"Content-Length : 3\r\n\r\nabc",
    "folded line": LINE + HOST + b"A: b\r\n c\r\n\r\n",
    "bare line feeds": b"GET / HTTP/1.1\nHost: probe.localhost\n\n",
    "bare carriage return": LINE + HOST + b"A: b\rC: d\r\n\r\n",
    "a zero byte": LINE + HOST + b"A: b\0c\r\n\r\n",
    "negative length": POST + HOST + b"Content-Length: -1\r\n\r\n",
    "signed length": POST + HOST + b"Content-Length: +3\r\n\r\nabc",
    "hexadecimal length": POST + HOST + b"Content-Length: 0x3\r\n\r\nabc",
    "endless length": POST + HOST + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "bad chunk size": POST + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "negative chunk": POST + HOST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n",
    "two hosts": LINE + HOST + b"Host: localhost\r\n\r\n",
    "no host": LINE + b"\r\n",
    "upper-case host": LINE + b"Host: PROBE.localhost\r\n\r\n",
    "host with a dot": LINE + b"Host: probe.localhost.\r\n\r\n",
    "host with an account": LINE + b"Host: probe.localhost@localhost\r\n\r\n",
    "another address in the line": b"GET http://localhost/ HTTP/1.1\r\n" + HOST + b"Content-Length: 3, 3\r\n\r\nabc",
    "dot segments": b"GET /a/../.yimen/x HTTP/1.1\r\n" + HOST + b"\r\n",
    "encoded slash": b"GET /a%2f..%2f.yimen HTTP/1.1\r\n" + HOST + b"\r\n",
    "backslash": b"GET /\\..\\.yimen HTTP/1.1\r\n" + HOST + b"\r\n",
    "tunnel": b"CONNECT probe.localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    "trace": b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n",
    "many headers": LINE + HOST + b"A: b\r\n" * 200 + b"\r\n",
    "huge header": LINE + HOST + b"A: " + b"x" * 60_000 + b"\r\n\r\n",
    "two sessions": LINE + HOST + KNOWN + KNOWN + b"\r\n",
    "forged form": b"POST / HTTP/1.1\r\nOrigin: http://evil.localhost\r\nContent-Length: 1\r\n"
    + HOST
    + KNOWN
    + b"\r\nx",
    "form without an origin": b"POST / HTTP/1.1\r\nContent-Length: 1\r\n" + HOST + KNOWN + b"\r\nx",
}


@pytest.mark.parametrize("name", REFUSED)
async def test_an_ambiguous_or_forged_request_never_reaches_a_worker(edge: Served, name: str) -> None:
    said = await edge.say(REFUSED[name])

    assert edge.worker.requests == []
    assert said == b"" or said[9:12] in (b"400", b"403", b"405", b"413", b"421", b"431")


async def test_the_control_request_reaches_the_worker(edge: Served) -> None:
    said = await edge.say(POST + HOST + KNOWN + b"Content-Length: 3\r\n\r\nabc")

    assert said.startswith(b"HTTP/1.1 200 OK")
    assert len(edge.worker.requests) == 1


async def test_a_second_request_may_not_name_another_host(edge: Served) -> None:
    said = await edge.say(LINE + HOST + b"\r\n", LINE + b"Host: other.localhost:1\r\n\r\n")

    assert (said.count(b"HTTP/1.1 200"), said.count(b"HTTP/1.1 421")) == (1, 1)


SPOOFED = [b"Yimen-Resident: me", b"yimen_resident: me", b"X-Forwarded-For: 1.1.1.1", b"Forwarded: for=x",
           b"X-Real-IP: 1.1.1.1", b"X-User: root", b"Yimen-Request-Id: x", b"X-Original-URL: /admin",
           b"Connection: yimen-resident", b"X-Rewrite-URL: /admin", b"Upgrade: h2c"]  # fmt: skip


@pytest.mark.parametrize("line", SPOOFED)
async def test_what_only_the_host_may_say_is_taken_away(edge: Served, line: bytes) -> None:
    await edge.say(LINE + HOST + line + b"\r\n\r\n")

    [heard] = edge.heard
    assert line.split(b":")[0].lower() not in heard.lower()


@pytest.mark.parametrize("line", SPOOFED)
async def test_a_worker_without_the_gateway_would_hear_it(edge: Served, line: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(edge.worker.path)
    writer.write(LINE + HOST + line + b"\r\n\r\n")
    await reader.readuntil(b"ok")
    writer.close()

    assert line in edge.worker.requests[0]


HOSTILE_ANSWERS = {
    "two answers": OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
    "longer than told": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok-poison",
    "shorter than told": b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\npoison",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 8\r\n\r\nokpoison",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"6\r\npoison\r\n0\r\n\r\n",
    "interim flood": b"HTTP/1.1 100 Continue\r\n\r\n" * 5000,
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"A: poison\r\n" * 20_000,
    "huge header": b"HTTP/1.1 200 OK\r\nA: " + b"x" * 1_000_000 + b"\r\n\r\n",
    "folded header": b"HTTP/1.1 200 OK\r\nA: b\r\n poison\r\nContent-Length: 2\r\n\r\nok",
    "bare line feed": b"HTTP/1.1 200 OK\nContent-Length: 6\n\npoison",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\npoison",
    "switches protocols": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\npoison",
    "not http": b"SSH-2.0-poison\r\n\r\n",
    "early end": b"",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_ANSWERS)
async def test_the_next_visitor_never_sees_what_is_left_of_a_broken_answer(edge: Served, name: str) -> None:
    edge.worker.script = [HOSTILE_ANSWERS[name], b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nclean"]
    if name == "early end":
        edge.worker.script.insert(1, b"")
    attacked = await edge.say(LINE + HOST + b"Connection: close\r\n\r\n")

    after = await edge.say(LINE + HOST + KNOWN + b"\r\n")

    assert after.endswith(b"\r\n\r\nclean")
    assert b"poison" not in after
    assert attacked.count(b"HTTP/1.1 200") <= 1


HOSTILE_HEADERS = [
    b"Set-Cookie: portal=evil; Domain=localhost", b"Set-Cookie: __Host-yimen=stolen; Secure; Path=/",
    b'Clear-Site-Data: "*"', b"Strict-Transport-Security: max-age=99999999", b"Service-Worker-Allowed: /",
    b'Alt-Svc: h3=":443"', b"X-Accel-Redirect: /etc/passwd", b"X-Sendfile: /etc/passwd", b"Refresh: 0;url=//evil.test",
    b'Report-To: {"endpoints":[]}', b"Access-Control-Allow-Origin: *", b"Timing-Allow-Origin: *",
    b"Content-Security-Policy: default-src *", b"X-Frame-Options: ALLOWALL", b"Link: <//evil.test>; rel=preload",
]  # fmt: skip


@pytest.mark.parametrize("line", HOSTILE_HEADERS)
async def test_a_header_that_reaches_beyond_its_page_is_taken_away(edge: Served, line: bytes) -> None:
    edge.worker.script = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + line + b"\r\n\r\nok"]

    said = await edge.say(LINE + HOST + KNOWN + b"\r\n")

    assert line.lower() not in said.lower()
    assert said.endswith(b"\r\n\r\nok")


async def test_the_control_header_passes(edge: Served) -> None:
    edge.worker.script = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Mine: kept\r\n\r\nok"]

    said = await edge.say(LINE + HOST + KNOWN + b"\r\n")

    assert b"\r\nx-mine: kept\r\n" in said.lower()
