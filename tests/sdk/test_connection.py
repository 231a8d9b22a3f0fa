"""What a served application writes, as it comes out of the socket."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from yimen_sdk.connection import JoiningTransport
from yimen_sdk.serve import Runner

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\ncontent-type: text/plain; charset=utf-8\r\n\r\n"
LONG = b"x" * 300_000


class Recording:
    """A transport of which one sees what it was told to write."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        assert not self.is_closed
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def recording() -> Recording:
    return Recording()


@pytest.fixture
async def joining(recording: Recording) -> JoiningTransport:
    return JoiningTransport(recording, asyncio.get_running_loop())  # type: ignore[arg-type]  # what is used of one


async def test_two_pieces_are_one_write(joining: JoiningTransport, recording: Recording) -> None:
    joining.write(b"head ")
    joining.write(b"body")

    assert recording.written == [b"head body"]


async def test_one_piece_goes_at_the_end_of_the_turn(joining: JoiningTransport, recording: Recording) -> None:
    joining.write(b"head")
    before = list(recording.written)
    await asyncio.sleep(0)

    assert (before, recording.written) == ([], [b"head"])


async def test_a_long_piece_is_not_copied(joining: JoiningTransport, recording: Recording) -> None:
    joining.write(b"head")
    joining.write(LONG)

    assert recording.written == [b"head", LONG]
    assert recording.written[1] is LONG


async def test_what_waits_is_sent_before_the_end(joining: JoiningTransport, recording: Recording) -> None:
    joining.write(b"head")
    joining.close()
    await asyncio.sleep(0)

    assert (recording.written, recording.is_closed) == ([b"head"], True)


async def test_nothing_is_written_to_a_connection_that_was_lost(
    joining: JoiningTransport, recording: Recording
) -> None:
    joining.write(b"head")
    recording.close()
    await asyncio.sleep(0)

    assert recording.written == []


async def short(request: Request) -> Response:
    return PlainTextResponse("tea")


async def long(request: Request) -> Response:
    return PlainTextResponse(LONG)


class Slow:
    """Sends the head of an answer, and the rest when the client says that it has seen it."""

    def __init__(self) -> None:
        self.seen = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            await self.seen.wait()
            for piece in (b"one", b"two", b"three"):
                yield piece

        await StreamingResponse(pieces())(scope, receive, send)


@contextlib.asynccontextmanager
async def served(
    place: Path, slow: Slow
) -> AsyncIterator[Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]]:
    """The application on a socket, as the runner of a release serves it."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place / "app.sock"))
    listener.listen()
    listener.setblocking(False)
    routes = [Route("/short", short), Route("/long", long), Route("/slow", slow)]
    runner = Runner(Starlette(routes=routes), idle_seconds=60)
    task = asyncio.create_task(runner.serve(sockets=[listener]))
    yield lambda: asyncio.open_unix_connection(place / "app.sock")
    runner.should_exit = True
    await task


async def test_answers_come_whole_and_in_order(tmp_path: Path) -> None:
    async with served(tmp_path, Slow()) as connect:
        reader, writer = await connect()
        expected = b""
        for path, method, body in (
            ("/short", "GET", b"tea"),
            ("/short", "HEAD", b""),
            ("/long", "GET", LONG),
            ("/short", "GET", b"tea"),
        ):
            writer.write(f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())  # one after the other: a pipeline
            expected += HEAD % (len(LONG) if path == "/long" else 3) + body
        found = await reader.readexactly(len(expected))
        writer.write(b"GET /short HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        last = await reader.read()
        writer.close()

    assert found == expected
    assert last == (HEAD % 3).replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n") + b"tea"


async def test_a_head_does_not_wait_for_a_body_that_is_not_there_yet(tmp_path: Path) -> None:
    slow = Slow()
    async with served(tmp_path, slow) as connect:
        reader, writer = await connect()
        writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        slow.seen.set()
        rest = await reader.readuntil(b"\r\n0\r\n\r\n")
        writer.close()

    assert head == b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    assert rest == b"3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n"
