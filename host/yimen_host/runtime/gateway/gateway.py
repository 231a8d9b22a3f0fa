"""The gateway's ASGI application: find the site, ask who it is, forward, answer. Policy is in its neighbours."""

import asyncio
import contextlib
import time

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from yimen_host.core.errors import TryLater
from yimen_host.runtime.bucket import UNLIMITED, Meter
from yimen_host.runtime.gateway import requests, responses
from yimen_host.runtime.gateway.bulkhead import Bulkhead, Overloaded
from yimen_host.runtime.gateway.exchange import Exchange, TooLarge
from yimen_host.runtime.gateway.hosts import Hosts, Site
from yimen_host.runtime.gateway.pool import Pool
from yimen_host.runtime.gateway.ports import (
    AppTarget,
    Directory,
    ErrorPages,
    Kept,
    Leave,
    Reason,
    ReleaseTarget,
    Sessions,
    TargetState,
    Visitor,
    plain_pages,
)
from yimen_host.runtime.gateway.refusals import FAILURES, RETRY_AFTER, STOPPED
from yimen_host.runtime.gateway.requests import Reading, Refused
from yimen_host.runtime.gateway.traffic import Traffic, counted
from yimen_host.runtime.gateway.upstream import Upstream, UpstreamFailed

_EVENT_STREAM = b"text/event-stream"


class Gateway:
    """Serves the portal and every mini-app on one port, each under its own host name."""

    def __init__(
        self,
        *,
        hosts: Hosts,
        portal: ASGIApp,
        platform: ASGIApp,
        directory: Directory,
        sessions: Sessions,
        pages: ErrorPages = plain_pages,
        leave: Leave | None = None,
        kept: Kept | None = None,
        meter: Meter | None = None,
        traffic: Traffic | None = None,
    ) -> None:
        """`kept` tells without waiting whom a cookie belongs to, when that is known; without it every request waits.

        `platform` answers what is under `/.yimen` of a mini-app's origin, with `scope["state"]["app_id"]` set.
        `meter` counts the requests to each mini-app; without it they are not limited. `traffic` is where answers are
        counted."""
        self.hosts = hosts
        self._portal = portal
        self._platform = platform
        self.directory = directory
        self.sessions = sessions
        self._pages = pages
        self._leave = leave
        self.kept = kept
        self.meter = meter or Meter(lambda app_id: UNLIMITED, time.monotonic)
        self.traffic = Traffic() if traffic is None else traffic
        self.pool = Pool()
        self._bulkheads: dict[str, Bulkhead] = {}

    def close(self) -> None:
        """Close every connection to a worker."""
        self.pool.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection or request."""
        if scope["type"] == "lifespan":
            await self._portal(scope, receive, send)
            self.close()
            return
        host = requests.host_of(scope["headers"])
        site = Site.NONE if host is None else self.hosts.site(host)
        if site is Site.PORTAL:
            await self._portal(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif isinstance(site, str):
            await self._mini_app(site, scope, receive, send)
        else:
            await self._pages(421, Reason.MISDIRECTED)(scope, receive, send)

    async def _mini_app(self, app_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        target = self.directory.find(app_id)
        if target is None:
            await self._pages(404, Reason.UNKNOWN_APP)(scope, receive, send)
            return
        send = counted(send, self.traffic[app_id], time.monotonic())
        method, raw_path = scope["method"], scope.get("raw_path") or scope["path"].encode()
        refused = requests.refuse_target(method, raw_path)
        reading = refused or requests.read(scope["headers"])
        if isinstance(reading, Refused):
            await self._refuse(reading, scope, receive, send)
        elif requests.is_platform_path(scope["path"]):
            scope["state"] = {**scope.get("state", {}), "app_id": app_id}
            await self._platform(scope, receive, send)
        elif target.state != TargetState.LIVE:
            await self._refuse(STOPPED[target.state], scope, receive, send)
        elif reading.service_worker and not target.service_worker:
            await self._refuse(Refused(403, Reason.SERVICE_WORKER), scope, receive, send)
        elif not self.meter.admit(app_id):
            await self._refuse(Refused(429, Reason.TOO_MANY), scope, receive, send)
        else:
            await self._visit(target, reading, scope, receive, send)

    async def _visit(self, target: AppTarget, reading: Reading, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            visitor = await self.sessions.identify(target.app_id, reading.session)
        except TryLater:
            await self._refuse(Refused(503, Reason.NOBODY_KNOWN), scope, receive, send)
            return
        if visitor is not None:
            refused = requests.refuse_cross_site(scope["method"], reading, self.hosts.origin(target.app_id).encode())
            if refused:
                await self._refuse(refused, scope, receive, send)
                return
        bulkhead = self.bulkhead(target)
        try:
            await bulkhead.enter()
        except Overloaded:
            await self._refuse(Refused(503, Reason.OVERLOADED), scope, receive, send)
            return
        try:
            await self._forward(target, visitor, reading, scope, receive, send)
        finally:
            bulkhead.leave()

    async def _forward(
        self, target: AppTarget, visitor: Visitor | None, reading: Reading, scope: Scope, receive: Receive, send: Send
    ) -> None:
        head = requests.head(
            scope["method"],
            scope.get("raw_path") or scope["path"].encode(),
            scope["query_string"],
            reading,
            assertion=visitor.assertion if visitor else None,
            request_id=requests.new_request_id(),
        )
        release = visitor.release if visitor else target.main
        if isinstance(head, Refused) or release is None:
            refused = head if isinstance(head, Refused) else Refused(503, Reason.NOT_RUNNING)
            await self._refuse(refused, scope, receive, send)
            return
        exchange = Exchange(self.pool, release.socket, head, reading, scope, receive)
        try:
            upstream = await exchange.answer()
        except UpstreamFailed as failure:
            if failure.code != "left":
                await self.fail(failure.code, scope, receive, send)
            return
        except TooLarge:
            await self._refuse(Refused(413, Reason.TOO_LARGE), scope, receive, send)
            return
        try:
            await self.answer(upstream, target, release, reading, scope, receive, send, personal=visitor is not None)
        finally:
            self.pool.give_back(release.socket, upstream)

    async def answer(
        self,
        upstream: Upstream,
        target: AppTarget,
        release: ReleaseTarget,
        reading: Reading,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        personal: bool,
    ) -> None:
        """Pass an answer on whose head is there. `personal` is whether a session asked."""
        if leave := self.departure(upstream, reading):
            upstream.fail("left")
            await leave(scope, receive, send)
        else:
            await self._deliver(upstream, target, release, receive, send, personal=personal)

    async def fail(self, code: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for a worker that gave no usable answer. `code` is one of UpstreamFailed."""
        await self._refuse(FAILURES[code], scope, receive, send)

    async def _deliver(
        self,
        upstream: Upstream,
        target: AppTarget,
        release: ReleaseTarget,
        receive: Receive,
        send: Send,
        *,
        personal: bool,
    ) -> None:
        headers = responses.filtered(
            upstream.headers, csp=release.csp, permissions=target.permissions, personal=personal
        )
        await send({"type": "http.response.start", "status": upstream.status, "headers": headers})
        if upstream.complete:
            await send({"type": "http.response.body", "body": upstream.take()})
            return
        if _is_event_stream(upstream):
            upstream.stream()
        watch = asyncio.create_task(_abandon_when_left(receive, upstream))
        try:
            while not upstream.complete:
                data = await upstream.more()
                await send({"type": "http.response.body", "body": data, "more_body": True})
            await send({"type": "http.response.body", "body": upstream.take()})
        except UpstreamFailed:
            return  # the server sees an unfinished answer and closes the browser's connection: it must not look whole
        finally:
            watch.cancel()

    def departure(self, upstream: Upstream, reading: Reading) -> Response | None:
        """A frame sent to the portal cannot go there itself: the host's own page takes the whole tab."""
        if self._leave is None or not 300 <= upstream.status < 400 or reading.fetch_destination != b"iframe":
            return None
        for name, value in upstream.headers:
            if name.lower() == b"location":
                location = value.decode("latin-1")
                if location == self.hosts.portal_origin or location.startswith(self.hosts.portal_origin + "/"):
                    return self._leave(location)
        return None

    def bulkhead(self, target: AppTarget) -> Bulkhead:
        bulkhead = self._bulkheads.get(target.app_id)
        if bulkhead is None:
            bulkhead = self._bulkheads[target.app_id] = Bulkhead(target.bulkhead)
        bulkhead.places = target.bulkhead
        return bulkhead

    async def _refuse(self, refused: Refused, scope: Scope, receive: Receive, send: Send) -> None:
        response = self._pages(refused.status, refused.reason)
        if refused.reason is Reason.REMOVED:
            response.headers["Clear-Site-Data"] = '"*"'
        if refused.reason in RETRY_AFTER:
            response.headers["Retry-After"] = RETRY_AFTER[refused.reason]
        if refused.reason is Reason.MALFORMED:
            response.headers["Connection"] = "close"
        await response(scope, receive, send)


async def _abandon_when_left(receive: Receive, upstream: Upstream) -> None:
    """Give the answer up when the browser has gone."""
    with contextlib.suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            pass
        upstream.fail("left")


def _is_event_stream(upstream: Upstream) -> bool:
    return any(name.lower() == b"content-type" and value.startswith(_EVENT_STREAM) for name, value in upstream.headers)
