"""WebSockets: the upgrade passes the same policy as every request, then bytes go both ways until either side ends.

The host does not read what is said: frames are for the two ends. It limits how many there are, how long they are silent
and how long they last.
"""

import asyncio
import contextlib
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httptools

from yimen_host.runtime.gateway import requests
from yimen_host.runtime.gateway.bulkhead import Overloaded
from yimen_host.runtime.gateway.gateway import Gateway
from yimen_host.runtime.gateway.pool import CONNECT_SECONDS
from yimen_host.runtime.gateway.ports import AppTarget, Reason, TargetState, Visitor
from yimen_host.runtime.gateway.refusals import FAILURES, RETRY_AFTER, STOPPED
from yimen_host.runtime.gateway.requests import Reading, Refused
from yimen_host.runtime.gateway.traffic import Sockets
from yimen_host.runtime.gateway.upstream import FIRST_BYTE_SECONDS

SILENCE_SECONDS = 120.0
"""Both ends send pings more often than that."""
LIFE_SECONDS = 3600.0
"""Then the page connects again, to whatever release serves then."""
Look = Callable[[], Awaitable[bool]]
_LONGEST_HEAD = 16 * 1024
_LOOK_SECONDS = 2.0
"""How often it is looked whether both still talk, and the visitor is still signed in."""
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})(?: [^\x00-\x1f\x7f]*)?")
_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_PASSED_ON = frozenset({b"sec-websocket-accept", b"sec-websocket-protocol", b"sec-websocket-extensions"})


class Side(asyncio.Protocol):
    """One end of a relay: what it hears goes to the other end, as fast as that one takes it."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: Side | None = None
        self.heard_at = time.monotonic()
        self.ended = asyncio.Event()
        self._early = bytearray()
        self._arrived = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()
        self._arrived.set()

    def data_received(self, data: bytes) -> None:
        self.heard_at = time.monotonic()
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)
        elif len(self._early) <= _LONGEST_HEAD:
            self._early += data
            self._arrived.set()

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def shutdown(self) -> None:
        """End it: uvicorn asks its connections to when the host stops."""
        self.close()

    def close(self) -> None:
        """End the connection after what was written."""
        if self.transport is not None:
            self.transport.close()

    async def head(self) -> tuple[bytes, bytes]:
        """Wait for the head of an answer; return it and what came behind it. Raises ValueError for none."""
        async with asyncio.timeout(FIRST_BYTE_SECONDS):
            while b"\r\n\r\n" not in self._early:
                if self.ended.is_set() or len(self._early) > _LONGEST_HEAD:
                    raise ValueError("no head of an answer")
                self._arrived.clear()
                await self._arrived.wait()
        head, _, rest = bytes(self._early).partition(b"\r\n\r\n")
        self._early.clear()
        return head, rest

    def heard_early(self) -> bool:
        """Whether it spoke before it was its turn."""
        return bool(self._early)


@dataclass(frozen=True)
class Asked:
    """A request for a WebSocket to a mini-app there is."""

    target: AppTarget
    raw_path: bytes
    query: bytes
    reading: Reading


async def serve(gateway: Gateway, browser: Side, url: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """Carry one WebSocket from its request to its end."""
    try:
        asked = _asked(gateway, url, headers)
        if isinstance(asked, Refused):
            _refuse(browser, asked)
            return
        sockets = gateway.traffic[asked.target.app_id].sockets
        refused = await _serve(gateway, browser, asked, sockets)
        if refused is not None:
            sockets.refused += 1
            _refuse(browser, refused)
    finally:
        browser.close()


def _asked(gateway: Gateway, url: bytes, headers: list[tuple[bytes, bytes]]) -> Asked | Refused:
    """Find out which mini-app is asked for."""
    try:
        parsed = httptools.parse_url(url)
    except httptools.HttpParserError:
        return Refused(400, Reason.MALFORMED)
    refused = requests.refuse_target("GET", parsed.path)
    reading = refused or requests.read(headers)
    if isinstance(reading, Refused):
        return reading
    app_id = gateway.hosts.site(reading.host)
    target = gateway.directory.find(app_id) if isinstance(app_id, str) else None
    if target is None:
        return Refused(404, Reason.UNKNOWN_APP)
    return Asked(target, parsed.path, parsed.query or b"", reading)


async def _serve(gateway: Gateway, browser: Side, asked: Asked, sockets: Sockets) -> Refused | None:
    """Open it and relay until its end, or tell why not."""
    target = asked.target
    checked = await _checked(gateway, asked)
    if isinstance(checked, Refused):
        return checked
    visitor, head = checked
    session = asked.reading.session if visitor else None
    release = visitor.release if visitor else target.main
    if release is None:
        return Refused(503, Reason.NOT_RUNNING)
    if not gateway.meter.admit(target.app_id):
        return Refused(429, Reason.TOO_MANY)
    bulkhead = gateway.bulkhead(target)
    try:
        await bulkhead.enter()
    except Overloaded:
        return Refused(503, Reason.OVERLOADED)
    try:
        return await _connect(
            browser, release.socket, head, sockets, lambda: _may_go_on(gateway, target.app_id, session)
        )
    finally:
        bulkhead.leave()


async def _checked(gateway: Gateway, asked: Asked) -> tuple[Visitor | None, bytes] | Refused:
    """Pass the same policy as a request, and a stricter one on its origin: a WebSocket is never a safe method."""
    app_id, reading = asked.target.app_id, asked.reading
    if asked.target.state is not TargetState.LIVE:
        return STOPPED[asked.target.state]
    if requests.is_platform_path(asked.raw_path.decode("latin-1")) or reading.has_body:
        return Refused(400, Reason.MALFORMED)
    if reading.origin != gateway.hosts.origin(app_id).encode():
        return Refused(403, Reason.CROSS_SITE)
    visitor = await gateway.sessions.identify(app_id, reading.session)
    head = _head(asked, visitor)
    return head if isinstance(head, Refused) else (visitor, head)


async def _may_go_on(gateway: Gateway, app_id: str, session: str | None) -> bool:
    """Whether the mini-app still serves and who opened it is still signed in."""
    target = gateway.directory.find(app_id)
    if target is None or target.state is not TargetState.LIVE:
        return False
    return session is None or await gateway.sessions.identify(app_id, session) is not None


def _head(asked: Asked, visitor: Visitor | None) -> bytes | Refused:
    head = requests.head(
        "GET",
        asked.raw_path,
        asked.query,
        asked.reading,
        assertion=visitor.assertion if visitor else None,
        request_id=requests.new_request_id(),
    )
    if isinstance(head, Refused):
        return head
    return head.removesuffix(b"\r\n") + b"connection: Upgrade\r\nupgrade: websocket\r\n\r\n"


async def _connect(browser: Side, path: Path, head: bytes, sockets: Sockets, may_go_on: Look) -> Refused | None:
    """Relay when the worker agrees; otherwise tell why not."""
    worker = Side()
    try:
        agreed = await _ask(worker, path, head)
        if isinstance(agreed, Refused):
            return agreed
        if browser.transport is None or browser.heard_early():
            return Refused(400, Reason.MALFORMED)
        with sockets.opening():
            browser.transport.write(agreed)
            await _relay(browser, worker, may_go_on)
        return None
    finally:
        worker.close()


async def _ask(worker: Side, path: Path, head: bytes) -> bytes | Refused:
    """Ask the worker; return what the browser is to hear first when it agrees."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await asyncio.get_running_loop().create_unix_connection(lambda: worker, str(path))
    except BlockingIOError:
        return FAILURES["full"]
    except (OSError, TimeoutError):
        return FAILURES["refused"]
    assert worker.transport is not None, "it is connected"
    worker.transport.write(head)
    try:
        answer, rest = await worker.head()
        status, agreed = _read(answer)
    except ValueError:
        return FAILURES["framing"]
    except TimeoutError:
        return FAILURES["slow"]
    if status != 101:
        return Refused(status if 400 <= status < 500 else 502, Reason.BROKEN_ANSWER)
    lines = b"".join(b"%b: %b\r\n" % line for line in agreed)
    return b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n%b\r\n%b" % (lines, rest)


def _read(answer: bytes) -> tuple[int, list[tuple[bytes, bytes]]]:
    """Return the status, and the headers of an upgrade that may pass. Raises ValueError for a broken head."""
    first, *lines = answer.split(b"\r\n")
    status = _STATUS.fullmatch(first)
    named = [_LINE.fullmatch(line) for line in lines]
    if status is None or None in named:
        raise ValueError("not the head of an answer")
    found = [(match[1].lower(), match[2].strip()) for match in named if match]
    if status[1] == b"101" and [value.lower() for name, value in found if name == b"upgrade"] != [b"websocket"]:
        raise ValueError("it agreed to something else")
    return int(status[1]), [line for line in found if line[0] in _PASSED_ON]


async def _relay(browser: Side, worker: Side, may_go_on: Look) -> None:
    """Let both talk until one ends, both are silent for long, the visitor has left, or the time is over."""
    browser.other, worker.other = worker, browser
    until = time.monotonic() + LIFE_SECONDS
    ends = [asyncio.ensure_future(side.ended.wait()) for side in (browser, worker)]
    try:
        while time.monotonic() < min(until, max(browser.heard_at, worker.heard_at) + SILENCE_SECONDS):
            done, _ = await asyncio.wait(ends, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if done or not await may_go_on():
                return
    finally:
        for end in ends:
            end.cancel()


def _refuse(browser: Side, refused: Refused) -> None:
    with contextlib.suppress(OSError):
        if browser.transport is not None and browser.other is None and not browser.transport.is_closing():
            browser.transport.write(
                b"HTTP/1.1 %d Refused\r\ncontent-length: 0\r\ncache-control: no-store\r\n%bconnection: close\r\n\r\n"
                % (refused.status, _retry_after(refused))
            )


def _retry_after(refused: Refused) -> bytes:
    seconds = RETRY_AFTER.get(refused.reason)
    return b"retry-after: %b\r\n" % seconds.encode() if seconds else b""
