"""One request on its way to a worker: sent, where that is safe sent once more, until the answer's head is there."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from starlette.types import Message, Receive, Scope

from yimen_host.runtime.gateway import requests
from yimen_host.runtime.gateway.pool import Pool
from yimen_host.runtime.gateway.requests import Reading
from yimen_host.runtime.gateway.upstream import Upstream, UpstreamFailed

_BODY_IDLE_SECONDS = 30.0
"""Between two pieces of a request's body."""
UNHEARD = "unheard"
"""In the state of a scope: it was sent once on a spare connection, and nobody was there to hear it."""


class TooLarge(Exception):
    """The body went over the limit."""


class Exchange:
    """One request on its way to a worker, until the head of the answer is there."""

    def __init__(self, pool: Pool, path: Path, head: bytes, reading: Reading, scope: Scope, receive: Receive) -> None:
        self._pool = pool
        self._path = path
        self._head = head
        self._reading = reading
        self._method: str = scope["method"]
        self._receive = receive
        self._unheard = UNHEARD in scope.get("state", {})

    async def answer(self) -> Upstream:
        """Send the request and wait for the head of the answer.

        A spare connection may have been closed by a worker that ended; then the request is sent once more, if
        nothing came back and sending it twice means the same as once. Raises UpstreamFailed.
        """
        try:
            return await self._attempt(fresh=self._unheard)
        except UpstreamFailed as failure:
            repeatable = self._method in ("GET", "HEAD", "OPTIONS") and not self._reading.has_body
            if failure.code != "closed" or failure.started or self._unheard or not repeatable:
                raise
            return await self._attempt(fresh=True)

    async def _attempt(self, *, fresh: bool) -> Upstream:
        upstream = await self._pool.take(self._path, fresh=fresh)
        try:
            upstream.begin(self._head, bodyless=self._method == "HEAD")
            if self._reading.has_body:
                await self._upload(upstream)
            await upstream.answered()
        except BaseException:
            upstream.fail("left")
            self._pool.give_back(self._path, upstream)
            raise
        return upstream

    async def _upload(self, upstream: Upstream) -> None:
        frame: Callable[[bytes], bytes] = _chunk if self._reading.chunked else bytes
        sent, more = 0, True
        while more:
            message = await self._next_piece()
            more = message.get("more_body", False)
            data = message.get("body", b"")
            sent += len(data)
            if sent > requests.LONGEST_BODY:
                raise TooLarge
            if data:
                await upstream.write(frame(data))
            if more and upstream.has_answer():
                upstream.unfinished()
                return
        if self._reading.chunked:
            await upstream.write(b"0\r\n\r\n")

    async def _next_piece(self) -> Message:
        try:
            async with asyncio.timeout(_BODY_IDLE_SECONDS):
                message = await self._receive()
        except TimeoutError as error:
            raise UpstreamFailed("left") from error
        if message["type"] == "http.disconnect":
            raise UpstreamFailed("left")
        return message


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
