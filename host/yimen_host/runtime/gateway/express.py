"""The usual request, served without a task: a page asked for by somebody known, from a worker that stands ready.

It decides with the same functions as the gateway's application and hands over to it whatever is not usual: it never
refuses, never waits, and never answers but with a whole and well-formed answer.
"""

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from yimen_host.runtime.gateway import requests, responses
from yimen_host.runtime.gateway.bulkhead import Bulkhead
from yimen_host.runtime.gateway.exchange import UNHEARD
from yimen_host.runtime.gateway.gateway import Gateway
from yimen_host.runtime.gateway.ports import AppTarget, ReleaseTarget, TargetState, Visitor
from yimen_host.runtime.gateway.requests import Reading, Refused
from yimen_host.runtime.gateway.traffic import counted
from yimen_host.runtime.gateway.upstream import Upstream

Hand = Callable[[RequestResponseCycle, ASGIApp], None]
"""Starts a task for an ASGI application that answers the request."""
_BODYLESS = (204, 304)
_SHORT = 64 * 1024
"""An answer up to this long is waited for and written at once."""


def serve(gateway: Gateway, cycle: RequestResponseCycle, hand_over: Hand) -> bool:
    """Serve a request at once, or return False without having done anything."""
    scope = cycle.scope
    if scope["method"] != "GET" or gateway.kept is None or cycle.flow.write_paused:
        return False
    reading = requests.read(scope["headers"])  # type: ignore[arg-type]  # uvicorn's is a list
    if isinstance(reading, Refused) or reading.has_body or reading.service_worker:
        return False
    app_id = gateway.hosts.site(reading.host)
    if not isinstance(app_id, str):
        return False
    target = gateway.directory.find(app_id)
    if target is None or target.state is not TargetState.LIVE or requests.is_platform_path(scope["path"]):
        return False
    visitor = gateway.kept(app_id, reading.session) if reading.session else None
    if reading.session and visitor is None:
        return False
    raw_path = scope["raw_path"]
    if requests.refuse_target("GET", raw_path):
        return False
    head = requests.head(
        "GET",
        raw_path,
        scope["query_string"],
        reading,
        assertion=visitor.assertion if visitor else None,
        request_id=requests.new_request_id(),
    )
    if isinstance(head, Refused):
        return False
    return _send(gateway, cycle, hand_over, target, visitor, reading, head)


def _send(
    gateway: Gateway,
    cycle: RequestResponseCycle,
    hand_over: Hand,
    target: AppTarget,
    visitor: Visitor | None,
    reading: Reading,
    head: bytes,
) -> bool:
    release = visitor.release if visitor else target.main
    bulkhead = gateway.bulkhead(target)
    if release is None or bulkhead.taken >= bulkhead.places:
        return False
    upstream = gateway.pool.spare(release.socket)
    if upstream is None or not gateway.meter.take(target.app_id):
        return False
    bulkhead.taken += 1
    journey = _Journey(gateway, cycle, hand_over, target, release, reading, bulkhead, upstream, visitor is not None)
    journey.give_back = lambda: gateway.pool.give_back(release.socket, upstream)
    upstream.begin(head, bodyless=False)
    upstream.on_news = journey.arrived
    return True


class _Journey:
    """One request that was sent, until its answer is whole."""

    __slots__ = (
        "_began",
        "_bulkhead",
        "_cycle",
        "_gateway",
        "_hand_over",
        "_personal",
        "_reading",
        "_release",
        "_tally",
        "_target",
        "_upstream",
        "give_back",
    )

    def __init__(
        self,
        gateway: Gateway,
        cycle: RequestResponseCycle,
        hand_over: Hand,
        target: AppTarget,
        release: ReleaseTarget,
        reading: Reading,
        bulkhead: Bulkhead,
        upstream: Upstream,
        personal: bool,
    ) -> None:
        self._gateway = gateway
        self._cycle = cycle
        self._hand_over = hand_over
        self._target = target
        self._release = release
        self._reading = reading
        self._bulkhead = bulkhead
        self._upstream = upstream
        self._personal = personal
        self._tally = gateway.traffic[target.app_id]
        self._began = time.monotonic()
        self.give_back: Callable[[], None] = lambda: None

    def arrived(self) -> None:
        """Look at what came: answer when it is whole, hand over when it is not the usual."""
        upstream = self._upstream
        if upstream.failure:
            self._failed(upstream)
        elif upstream.complete:
            self._whole(upstream)
        elif upstream.has_answer() and not _is_short(upstream):
            upstream.on_news = None
            self._hand_over(self._cycle, self._go_on)

    def _whole(self, upstream: Upstream) -> None:
        cycle = self._cycle
        if self._gateway.departure(upstream, self._reading):
            upstream.on_news = None
            self._hand_over(cycle, self._go_on)
            return
        body = upstream.take()
        lines = responses.head(
            tuple(upstream.headers),
            csp=self._release.csp,
            permissions=self._target.permissions,
            personal=self._personal,
            length=None if upstream.status in _BODYLESS else len(body),
        )
        status = upstream.status
        self._leave()
        if lines is None:
            self._hand_over(cycle, self._broken)
        elif not cycle.disconnected:
            self._tally.count(status, self._began)
            _finish(cycle, status, lines, body)

    def _failed(self, upstream: Upstream) -> None:
        """Begin anew with the application when nothing came back: a spare connection was closed by its worker."""
        unheard = upstream.failure == "closed" and not upstream.started
        code = upstream.failure
        self._leave()
        if self._cycle.disconnected or code == "left":
            return

        async def tell(scope: Scope, receive: Receive, send: Send) -> None:
            await self._gateway.fail(code, scope, receive, self._counted(send))

        if unheard:
            self._cycle.scope["state"][UNHEARD] = True
        self._hand_over(self._cycle, self._gateway if unheard else tell)

    def _leave(self) -> None:
        self.give_back()
        self._bulkhead.leave()

    async def _go_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on an answer that is long, or that the host answers itself."""
        try:
            await self._gateway.answer(
                self._upstream,
                self._target,
                self._release,
                self._reading,
                scope,
                receive,
                self._counted(send),
                personal=self._personal,
            )
        finally:
            self._leave()

    async def _broken(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._gateway.fail("framing", scope, receive, self._counted(send))

    def _counted(self, send: Send) -> Send:
        return counted(send, self._tally, self._began)


def _is_short(upstream: Upstream) -> bool:
    """Whether the rest is worth waiting for: its length is told and fits into one write."""
    for name, value in upstream.headers:
        if name.lower() == b"content-length":
            return value.isdigit() and int(value) <= _SHORT
    return False


def _finish(cycle: RequestResponseCycle, status: int, lines: bytes, body: bytes) -> None:
    """Write everything at once, and tell uvicorn that this request is over."""
    parts = [STATUS_LINE[status]]
    for name, value in cycle.default_headers:
        parts += (name, b": ", value, b"\r\n")
    parts += (lines, b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n", body)
    cycle.transport.write(b"".join(parts))
    cycle.response_started = cycle.response_complete = True
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
