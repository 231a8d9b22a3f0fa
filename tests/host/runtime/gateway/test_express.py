"""The express way and the application give the same answers and send the same requests: both are asked everything."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.host.runtime.gateway.conftest import CSP, OK
from tests.host.runtime.gateway.served import HOST, KNOWN, Served, served

from yimen_host.runtime.gateway import express
from yimen_host.runtime.gateway.edge import Edge
from yimen_host.runtime.gateway.ports import ReleaseTarget

PLAIN = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
MINE = b"GET / HTTP/1.1\r\n" + HOST + KNOWN + b"\r\n"
REQUESTS = {
    "nobody": PLAIN,
    "somebody": MINE,
    "stranger's cookie": b"GET / HTTP/1.1\r\n" + HOST + b"Cookie: __Host-yimen=bad\r\n\r\n",
    "other cookies": b"GET / HTTP/1.1\r\n" + HOST + b"Cookie: a=1; __Host-b=2; __Host-yimen=good\r\n\r\n",
    "query": b"GET /a%20b?c=d&e HTTP/1.1\r\n" + HOST + KNOWN + b"\r\n",
    "browser": b"GET / HTTP/1.1\r\n" + HOST + KNOWN + b"Accept: text/html\r\nAccept-Language: zh\r\nSec-Fetch-Dest: "
    b"iframe\r\nSec-Fetch-Site: same-origin\r\nX-Forwarded-For: 1.1.1.1\r\nYimen-Resident: me\r\nX_Y: z\r\n\r\n",
    "close": b"GET / HTTP/1.1\r\n" + HOST + KNOWN + b"Connection: close\r\n\r\n",
    "old": b"GET / HTTP/1.0\r\n" + HOST + KNOWN + b"\r\n",
    "head": b"HEAD / HTTP/1.1\r\n" + HOST + KNOWN + b"\r\n",
    "post": b"POST / HTTP/1.1\r\nOrigin: http://probe.localhost\r\nContent-Length: 3\r\n" + HOST + KNOWN + b"\r\nabc",
    "platform": b"GET /.yimen/x HTTP/1.1\r\n" + HOST + KNOWN + b"\r\n",
    "portal": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "nowhere": b"GET / HTTP/1.1\r\nHost: other.test\r\n\r\n",
    "dots": b"GET /a/../b HTTP/1.1\r\n" + HOST + KNOWN + b"\r\n",
    "two": MINE + b"GET /second HTTP/1.1\r\n" + HOST + KNOWN + b"\r\n",
    "service worker": b"GET /sw.js HTTP/1.1\r\nService-Worker: script\r\n" + HOST + KNOWN + b"\r\n",
}
ANSWERS = {
    "ok": OK,
    "empty": b"HTTP/1.1 204 No Content\r\n\r\n",
    "unchanged": b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "long": b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000,
    "hostile": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\nSet-Cookie: __Host-a=b; Secure\r\nServer: x"
    b"\r\nClear-Site-Data: *\r\nCache-Control: public\r\nVary: Accept\r\nX-Frame-Options: ALLOW\r\n\r\nok",
    "public": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCache-Control: public, max-age=9\r\n\r\nok",
    "leave": b"HTTP/1.1 303 See Other\r\nLocation: http://localhost/pay\r\nContent-Length: 0\r\n\r\n",
    "missing": b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "no end": b"HTTP/1.1 200 OK\r\n\r\nok",
    "nonsense": b"nonsense\r\n\r\n",
    "early end": b"",
    "interim": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK,
}


async def asked(server: Served, request: bytes, answer: bytes) -> tuple[bytes, list[bytes]]:
    """Ask on a warm server; return the browser's and the worker's view, the headers of the answer in any order."""
    await server.say(PLAIN)  # from now on a connection to the worker stands ready
    server.worker.requests.clear()
    server.worker.script = [answer]
    said = await server.say(request)
    head, end, body = said.partition(b"\r\n\r\n")
    if b"\r\ntransfer-encoding: chunked" in head and body.endswith(b"\r\n0\r\n\r\n") and body.count(b"\r\n") == 4:
        size, _, rest = body.partition(b"\r\n")
        body = rest[: int(size, 16)]  # a short chunked answer may be given with its length instead
        head = head.replace(b"transfer-encoding: chunked", b"content-length: %d" % len(body))
    return b"\r\n".join(sorted(head.split(b"\r\n"))) + end + body, server.heard


@pytest.mark.parametrize("request_name", REQUESTS)
async def test_every_request_means_the_same_on_both_ways(run_dir: Path, request_name: str) -> None:
    views = []
    for number, http in enumerate(("httptools", Edge)):
        (run_dir / str(number)).mkdir()
        async with served(run_dir / str(number), http) as server:  # type: ignore[arg-type]
            views.append(await asked(server, REQUESTS[request_name], OK))

    assert views[0] == views[1]
    assert views[0][0] != b""


@pytest.mark.parametrize("answer_name", ANSWERS)
async def test_every_answer_means_the_same_on_both_ways(run_dir: Path, answer_name: str) -> None:
    views = []
    for number, http in enumerate(("httptools", Edge)):
        (run_dir / str(number)).mkdir()
        async with served(run_dir / str(number), http) as server:  # type: ignore[arg-type]
            views.append([await asked(server, request, ANSWERS[answer_name]) for request in (PLAIN, MINE)])

    assert views[0] == views[1]


async def test_the_usual_request_takes_the_express_way(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bool] = []
    serve = express.serve

    def noted(*arguments: object) -> bool:
        taken.append(serve(*arguments))  # type: ignore[arg-type]
        return taken[-1]

    monkeypatch.setattr(express, "serve", noted)
    async with served(run_dir, Edge) as server:
        for _ in range(3):
            await server.say(MINE)

    assert taken == [False, True, True]


async def test_many_requests_on_one_connection_are_answered_in_order(run_dir: Path) -> None:
    async with served(run_dir, Edge) as server:
        server.worker.script = [b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number for number in range(6)]

        said = await server.say(MINE, MINE, MINE * 3)

    bodies = [part[:1] for part in said.split(b"\r\n\r\n")[1:]]
    assert bodies[:3] == [b"0", b"1", b"2"]


async def test_a_worker_that_went_to_sleep_is_asked_once_more(run_dir: Path) -> None:
    async with served(run_dir, Edge) as server:
        await server.say(MINE)
        server.worker.script = [b"", OK]

        said = await server.say(MINE)

    assert said.startswith(b"HTTP/1.1 200 OK")
    assert len(server.worker.requests) == 3


async def test_a_page_has_the_policy_of_the_release_that_serves_it(run_dir: Path) -> None:
    said = []
    async with served(run_dir, Edge) as server:
        server.apps.target = replace(server.apps.target, main=ReleaseTarget(server.worker.path, "default-src 'self'"))
        for request in (MINE, MINE, PLAIN, PLAIN):  # each first without, then with a connection that stands ready
            said += re.findall(rb"content-security-policy: (.*)\r\n", await server.say(request))

    assert said == [CSP.encode(), CSP.encode(), b"default-src 'self'", b"default-src 'self'"]


async def test_a_full_mini_app_is_refused_on_the_express_way_too(run_dir: Path) -> None:
    async with served(run_dir, Edge) as server:
        await server.say(MINE)
        server.apps.target = replace(server.apps.target, bulkhead=0)

        said = await server.say(MINE)

    assert said.startswith(b"HTTP/1.1 503 ")
