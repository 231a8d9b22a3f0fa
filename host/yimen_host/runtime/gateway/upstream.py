"""One connection to a worker: a thin HTTP/1.1 client over a unix socket.

A connection is used again only when the answer ended exactly where it should; anything else discards it.
"""

import asyncio
import math
import time
from collections.abc import Callable
from typing import cast

import httptools

FIRST_BYTE_SECONDS = 10.0
"""From the end of the request to the first byte of the answer, a cold start included."""
IDLE_SECONDS = 30.0
"""Between two pieces of an answer."""
TOTAL_SECONDS = 60.0
"""For a whole answer that is not a stream of events."""
LONGEST_HEAD = 64 * 1024
MOST_HEADERS = 100
MOST_INTERIM = 8
"""Answers with a 1xx status before the real one."""
_BUFFERED = 256 * 1024


now = time.monotonic
"""The clock of all deadlines; the loop's own, without asking the loop."""


class UpstreamFailed(Exception):
    """No usable answer. `code` is `refused`, `closed`, `framing`, `slow` or `left`."""

    def __init__(self, code: str, *, started: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.started = started
        """Whether any byte of an answer had come."""


class Upstream(asyncio.Protocol):
    """One connection and at most one exchange on it."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self.on_news: Callable[[], None] | None = None
        """Called instead of waking a waiting task, when something came or the exchange failed."""
        self._writable: asyncio.Future[None] | None = None
        self._busy = False
        self.used = 0
        self.deadline = math.inf
        self._until = math.inf
        self.spare_since = 0.0
        self._reset()

    def _reset(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.complete = False
        self._headers_done = False
        self._head_bytes = 0
        self._header_bytes = 0
        self._interim = 0
        self._chunks: list[bytes] = []
        self._buffered = 0
        self._failure = ""
        self._bodyless = False
        self._keep = True

    # what the gateway calls

    def begin(self, head: bytes, *, bodyless: bool) -> None:
        """Send a request's head. `bodyless` is a HEAD request, whose answer has no body whatever it says."""
        assert self._transport is not None, "only a connected upstream is handed out"
        self._reset()
        self._busy = True
        self._bodyless = bodyless
        self.used += 1
        moment = now()
        self._until = moment + TOTAL_SECONDS
        self.deadline = moment + FIRST_BYTE_SECONDS
        self._transport.write(head)

    def stream(self) -> None:
        """The answer is a stream of events: it may last, but not fall silent."""
        self._until = math.inf

    async def write(self, data: bytes) -> None:
        """Send a piece of the body, waiting while the worker does not read."""
        if self._transport is None or self._failure:
            return
        self.deadline = now() + FIRST_BYTE_SECONDS
        self._transport.write(data)
        if self._writable is not None:
            await self._writable

    async def answered(self) -> None:
        """Wait for the head of the answer. Raises UpstreamFailed."""
        while not self._headers_done:
            self._check()
            await self._wait()

    async def more(self) -> bytes:
        """Wait for the next piece of the body; empty at the end. Raises UpstreamFailed."""
        while not self._chunks and not self.complete:
            self._check()
            await self._wait()
        return self.take()

    def take(self) -> bytes:
        """Return what has come of the body, without waiting."""
        if not self._chunks:
            return b""
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        if self._buffered > _BUFFERED and self._transport is not None:
            self._transport.resume_reading()
        self._buffered = 0
        return data

    def has_answer(self) -> bool:
        """Whether the head of the answer is there already."""
        return self._headers_done

    @property
    def failure(self) -> str:
        """Why the exchange was given up, as a code of UpstreamFailed; empty while it was not."""
        return self._failure

    @property
    def started(self) -> bool:
        """Whether any byte of an answer has come."""
        return self._head_bytes > 0

    def unfinished(self) -> None:
        """The request was not sent to its end: this connection is of no further use."""
        self._keep = False

    def fail(self, code: str) -> None:
        """Give the exchange up and close the connection."""
        if not self._failure:
            self._failure = code
        self._keep = False
        if self._transport is not None:
            self._transport.abort()
        self._wake()

    @property
    def reusable(self) -> bool:
        """Whether the next request may use this connection."""
        return self._keep and self.complete and not self._failure and self.is_open

    @property
    def is_open(self) -> bool:
        """Whether the connection stands."""
        return self._transport is not None and not self._transport.is_closing()

    def rest(self) -> None:
        """The exchange is over; anything that arrives now is a second answer."""
        self._busy = False

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    # what the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # a stream socket gives one; uvloop's is no subclass

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._keep = False
        if not self.complete and not self._failure:
            self._failure = "closed"
        self.resume_writing()
        self._wake()

    def data_received(self, data: bytes) -> None:
        if not self._busy or self.complete:
            self.fail("framing")
            return
        if not self._headers_done:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.fail("framing")
            return
        if not self._headers_done and self._head_bytes > LONGEST_HEAD:
            self.fail("framing")
        elif self._buffered > _BUFFERED and self._transport is not None:
            self._transport.pause_reading()
        self._wake()

    def pause_writing(self) -> None:
        if self._writable is None:
            self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    # what the parser calls

    def on_message_begin(self) -> None:
        if self.complete:
            raise httptools.HttpParserError("a second answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._headers_done:
            return  # a trailer
        self.headers.append((name, value))
        self._header_bytes += len(name) + len(value)
        if len(self.headers) > MOST_HEADERS or self._header_bytes > LONGEST_HEAD:
            raise httptools.HttpParserError("too many headers")

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            self._interim += 1
            self.headers.clear()
            if self._interim > MOST_INTERIM or status == 101:
                raise httptools.HttpParserError("too many interim answers")
            return
        self.status = status
        self._keep = self._keep and self._parser.should_keep_alive()
        lengths = [value for name, value in self.headers if name.lower() == b"content-length"]
        codings = [value.lower() for name, value in self.headers if name.lower() == b"transfer-encoding"]
        if len(lengths) + len(codings) > 1 or codings not in ([], [b"chunked"]):
            raise httptools.HttpParserError("two lengths")
        if self._bodyless:
            self.complete, self._keep = True, False  # the parser would wait for a body
        elif not lengths and not codings and status not in (204, 304):
            raise httptools.HttpParserError("an answer without an end")
        self._headers_done = True

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)
        self._buffered += len(body)
        self.deadline = min(self._until, now() + IDLE_SECONDS)

    def on_message_complete(self) -> None:
        if self._headers_done:
            self.complete = True

    def _wake(self) -> None:
        if self.on_news is not None:
            self.on_news()
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _check(self) -> None:
        if self._failure:
            raise UpstreamFailed(self._failure, started=self.started)
