"""WebSockets and streams of events through the gateway, before a scripted worker."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.host.runtime.gateway.conftest import CSP
from tests.host.runtime.gateway.served import HOST, KNOWN, Served, served

from yimen_host.runtime.bucket import Meter, Rate
from yimen_host.runtime.gateway.edge import Edge
from yimen_host.runtime.gateway.ports import ReleaseTarget, TargetState

ORIGIN = b"Origin: http://probe.localhost\r\n"
ASK = (
    b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a2V5\r\nSec-WebSocket-Version: 13\r\n"
)
AGREED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: yes\r\n"
    b"Set-Cookie: __Host-a=b; Secure\r\n\r\nwelcome"
)


@pytest.fixture
async def edge(run_dir: Path) -> AsyncIterator[Served]:
    async with served(run_dir, Edge) as server:
        server.worker.script = [AGREED]
        yield server


def refusal(status: int, more: bytes = b"") -> bytes:
    """What is said to a browser that gets no WebSocket."""
    head = b"HTTP/1.1 %d Refused\r\ncontent-length: 0\r\ncache-control: no-store\r\n" % status
    return head + more + b"connection: close\r\n\r\n"


async def test_an_upgrade_passes_with_the_visitor_vouched_for(edge: Served) -> None:
    said = await edge.say(b"GET /chat HTTP/1.1\r\n" + HOST + ORIGIN + KNOWN + ASK + b"\r\n")

    assert said == (
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-accept: yes\r\n\r\nwelcome"
    )
    assert edge.heard == [
        b"GET /chat HTTP/1.1\r\nhost: probe.localhost\r\norigin: http://probe.localhost\r\nsec-websocket-key: a2V5\r\n"
        b"sec-websocket-version: 13\r\nyimen-resident: signed-assertion\r\nconnection: Upgrade\r\nupgrade: websocket"
        b"\r\n\r\n"
    ]


async def test_bytes_go_both_ways_until_one_side_ends(edge: Served, run_dir: Path) -> None:
    edge.apps.target = replace(edge.apps.target, main=ReleaseTarget(run_dir / "echo.sock", CSP))

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(AGREED)
        while (data := await reader.read(65536)) != b"bye":
            writer.write(data.upper())
        writer.close()

    server = await asyncio.start_unix_server(echo, run_dir / "echo.sock")
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    writer.write(b"GET /chat HTTP/1.1\r\n" + HOST + ORIGIN + ASK + b"\r\n")
    await reader.readuntil(b"welcome")

    big = b"x" * 3_000_000
    writer.write(big)
    echoed = await reader.readexactly(len(big))
    await asyncio.sleep(0.1)
    writer.write(b"bye")
    rest = await reader.read()

    server.close()
    writer.close()
    assert (echoed, rest) == (big.upper(), b"")


@pytest.mark.parametrize("ends", ["the visitor signs out", "the mini-app is stopped"])
async def test_an_open_socket_ends_with_what_allowed_it(edge: Served, ends: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    writer.write(b"GET /chat HTTP/1.1\r\n" + HOST + ORIGIN + KNOWN + ASK + b"\r\n")
    await reader.readuntil(b"welcome")
    if ends == "the visitor signs out":
        edge.sessions.ended = True
    else:
        edge.apps.target = replace(edge.apps.target, state=TargetState.SUSPENDED)

    async with asyncio.timeout(20):
        rest = await reader.read()

    writer.close()
    assert rest == b""


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /chat HTTP/1.1\r\n" + HOST + ASK + b"\r\n", 403),
        (b"GET /chat HTTP/1.1\r\n" + HOST + b"Origin: http://other.localhost\r\n" + ASK + b"\r\n", 403),
        (b"GET /chat HTTP/1.1\r\n" + HOST + b"Origin: null\r\n" + ASK + b"\r\n", 403),
        (b"GET /.yimen/x HTTP/1.1\r\n" + HOST + ORIGIN + ASK + b"\r\n", 400),
        (b"GET /a/../b HTTP/1.1\r\n" + HOST + ORIGIN + ASK + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: ghost.localhost\r\n" + ORIGIN + ASK + b"\r\n", 404),
    ],
)
async def test_an_upgrade_that_the_policy_forbids_is_refused(edge: Served, request_bytes: bytes, status: int) -> None:
    said = await edge.say(request_bytes)

    assert (said[:12], edge.worker.requests) == (b"HTTP/1.1 %d" % status, [])


@pytest.mark.parametrize(
    ("state", "status", "more"),
    [
        (TargetState.SUSPENDED, 503, b""),
        (TargetState.QUARANTINED, 503, b""),
        (TargetState.FULL, 503, b"retry-after: 300\r\n"),
        (TargetState.REMOVED, 410, b""),
    ],
)
async def test_a_stopped_mini_app_refuses_as_it_does_requests(
    edge: Served, state: TargetState, status: int, more: bytes
) -> None:
    edge.apps.target = replace(edge.apps.target, state=state)

    socket = await edge.say(b"GET /chat HTTP/1.1\r\n" + HOST + ORIGIN + ASK + b"\r\n")
    page = await edge.say(b"GET /chat HTTP/1.1\r\n" + HOST + b"\r\n")

    assert socket == refusal(status, more)
    assert (page[:12], more in page) == (socket[:12], True)
    assert (edge.gateway.traffic["probe"].sockets.refused, edge.worker.requests) == (1, [])


async def test_a_release_that_is_drained_refuses_as_it_does_requests(edge: Served, run_dir: Path) -> None:
    said = []
    for main in (None, ReleaseTarget(run_dir / "closed.sock", CSP)):  # not known any more; known, and closed
        edge.apps.target = replace(edge.apps.target, main=main)
        said.append(await edge.say(b"GET /chat HTTP/1.1\r\n" + HOST + ORIGIN + ASK + b"\r\n"))

    page = await edge.say(b"GET /chat HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (said, page[:12]) == ([refusal(503)] * 2, b"HTTP/1.1 503")


async def test_too_many_upgrades_are_told_when_to_come_again(edge: Served) -> None:
    edge.gateway.meter = Meter(lambda app_id: Rate(1, 1), lambda: 0.0)
    edge.gateway.meter.admit("probe")

    said = await edge.say(b"GET /chat HTTP/1.1\r\n" + HOST + ORIGIN + ASK + b"\r\n")

    assert said == refusal(429, b"retry-after: 1\r\n")


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 403),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 502),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", 502),
        (b"HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n\r\n\r\n", 502),
        (b"nonsense\r\n\r\n", 502),
        (b"", 502),
    ],
)
async def test_a_worker_that_does_not_agree_is_not_relayed(edge: Served, answer: bytes, status: int) -> None:
    edge.worker.script = [answer]

    said = await edge.say(b"GET /chat HTTP/1.1\r\n" + HOST + ORIGIN + ASK + b"\r\n")

    assert said == refusal(status)


async def test_open_sockets_of_one_mini_app_fill_its_own_places_only(edge: Served) -> None:
    edge.apps.target = replace(edge.apps.target, bulkhead=2)
    open_ones = []
    for _ in range(2):
        reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
        writer.write(b"GET /chat HTTP/1.1\r\n" + HOST + ORIGIN + ASK + b"\r\n")
        await reader.readuntil(b"welcome")
        open_ones.append(writer)

    third = asyncio.create_task(edge.say(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"))
    portal = await edge.say(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    edge.worker.script = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"]
    for writer in open_ones:
        writer.close()

    assert portal.endswith(b"portal")
    assert (await third)[:12] in (b"HTTP/1.1 200", b"")


async def test_sockets_are_counted_as_opened_or_refused(edge: Served) -> None:
    counted = edge.gateway.traffic["probe"].sockets
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    writer.write(b"GET /chat HTTP/1.1\r\n" + HOST + ORIGIN + ASK + b"\r\n")
    await reader.readuntil(b"welcome")
    opened = (counted.opened, counted.open, counted.refused)
    await edge.say(b"GET /chat HTTP/1.1\r\n" + HOST + b"Origin: null\r\n" + ASK + b"\r\n")
    edge.worker.script = [b"nonsense\r\n\r\n"]
    await edge.say(b"GET /chat HTTP/1.1\r\n" + HOST + ORIGIN + ASK + b"\r\n")
    refused = (counted.opened, counted.open, counted.refused)
    writer.close()
    async with asyncio.timeout(20):
        while counted.open:  # noqa: ASYNC110  the gateway hears of it a moment later
            await asyncio.sleep(0.01)

    assert [opened, refused, (counted.opened, counted.open, counted.refused)] == [(1, 1, 0), (1, 1, 2), (1, 0, 2)]


async def test_a_strangers_name_is_not_counted(edge: Served) -> None:
    said = await edge.say(b"GET / HTTP/1.1\r\nHost: ghost.localhost\r\n" + ORIGIN + ASK + b"\r\n")

    assert (said[:12], dict(edge.gateway.traffic)) == (b"HTTP/1.1 404", {})


async def test_a_stream_of_events_arrives_piece_by_piece(edge: Served, run_dir: Path) -> None:
    edge.apps.target = replace(edge.apps.target, main=ReleaseTarget(run_dir / "events.sock", CSP))
    go_on = asyncio.Event()

    async def events(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"9\r\ndata: 1\n\n\r\n")
        await go_on.wait()
        writer.write(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")

    server = await asyncio.start_unix_server(events, run_dir / "events.sock")
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    writer.write(b"GET /events HTTP/1.1\r\n" + HOST + b"\r\n")

    first = await reader.readuntil(b"data: 1\n\n")
    go_on.set()
    rest = await reader.readuntil(b"0\r\n\r\n")

    server.close()
    writer.close()
    assert b"\r\ncontent-type: text/event-stream\r\n" in first
    assert b"\r\nx-content-type-options: nosniff\r\n" in first
    assert b"data: 2\n\n" in rest
