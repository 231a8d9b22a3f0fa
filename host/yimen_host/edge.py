"""The portal's edge: who is looking, which requests another site forged, the policy headers, and errors as pages."""

import logging
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yimen_host.core.database import AGAIN, AWAY
from yimen_host.core.errors import HostError, SignInNeeded
from yimen_host.core.ids import RandomIds
from yimen_host.core.pages import render, say
from yimen_host.identity.sessions import COOKIE, Sessions
from yimen_host.notices.inbox import Inbox

log = logging.getLogger("yimen.portal")

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
VISIT = ("navigate", "document")
"""What a browser says of a tab that is led to another address."""
UNCHECKED = ("/legacy/", "/v1/callbacks/", "/v1/apps/")  # programs with their own credentials, never a browser's cookie
QUIET = ("/static/", "/sdk/", "/icons/", "/legacy/", "/simple/", "/files/")


class PolicyHeaders:
    """Middleware: no inline script or style, no framing, nothing guessed, nothing kept between people."""

    def __init__(self, app: ASGIApp, apps_source: str) -> None:
        self._app = app
        self._policy = "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "img-src 'self' data:",
                "font-src 'self'",
                "connect-src 'self'",
                f"frame-src {apps_source}",
                "form-action 'self'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
            )
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", self._policy)
                headers.setdefault("Cache-Control", "private, no-store")
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers["Cross-Origin-Resource-Policy"] = "same-origin"
                headers["Origin-Agent-Cluster"] = "?1"
                headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
            await send(message)

        await self._app(scope, receive, send_with_policy if scope["type"] == "http" else send)


class OwnOrigin:
    """Middleware: a request that changes something must come from a page of ours, and so must all but visits.

    Browsers send Origin with every POST; one that sends neither Origin nor Referer is refused. Cookies alone prove
    nothing: a framed mini-app can make the browser post here with all of them. Another site may lead a whole tab here
    and nothing else: where a browser tells who asks and for what (Fetch Metadata), a picture or a frame is refused.
    """

    def __init__(self, app: ASGIApp, origin: str) -> None:
        self._app = app
        self._origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        checked = scope["type"] == "http" and not scope["path"].startswith(UNCHECKED)
        if checked and not self._is_welcome(scope["method"], Headers(scope=scope)):
            refusal = PlainTextResponse("This request came from another site and was refused.\n", 403)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_welcome(self, method: str, headers: Headers) -> bool:
        is_foreign = headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
        if method not in SAFE:
            return not is_foreign and _origin_of(headers) == self._origin
        return not is_foreign or (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == VISIT


class Visitors:
    """Middleware: finds out who is looking, for pages (not for files)."""

    def __init__(self, app: ASGIApp, sessions: Sessions, inbox: Inbox) -> None:
        self._app = app
        self._sessions = sessions
        self._inbox = inbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(QUIET):
            request = Request(scope)
            viewer = await self._sessions.find(request.cookies.get(COOKIE))
            unread = await self._inbox.unread(viewer.resident_id) if viewer else 0
            request.state.viewer, request.state.unread = viewer, unread  # both or neither: a fault is drawn too
        await self._app(scope, receive, send)


async def host_error(request: Request, error: Exception) -> Response:
    """Draw a refusal; somebody who is not signed in is led to sign in and back."""
    assert isinstance(error, HostError)
    if isinstance(error, SignInNeeded):
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        onward = here if request.method in SAFE else "/"
        return RedirectResponse(f"/sign-in?next={quote(onward, safe='')}", 303)
    return _page(request, error.status, say(request, "这一步没有办成"), say(request, error.message))


async def http_error(request: Request, error: Exception) -> Response:
    """Draw what routing refuses."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        heading, message = "没有找到这个页面", "它可能已经移走，或者地址有误。"
    else:
        heading, message = "这一步没有办成", "请返回上一页再试一次。"
    return _page(request, error.status_code, say(request, heading), say(request, message))


async def our_fault(request: Request, error: Exception) -> Response:
    """Draw a fault of ours, with a number under which the log has the rest; or say that the database is away."""
    reference = RandomIds().new("err")
    log.error("%s %s %s", reference, request.method, request.url.path, exc_info=error)
    if isinstance(error, AWAY):
        message = say(request, "系统暂时忙不过来，请过几秒再试一次。需要帮助时请提供下面的参考号。")
        page = _page(request, 503, say(request, "请稍后再试"), message, reference)
        page.headers["Retry-After"] = AGAIN
        return page
    message = say(request, "系统出了点问题，我们已经记录。请稍后再试；需要帮助时请提供下面的参考号。")
    return _page(request, 500, say(request, "系统出错了"), message, reference)


def _page(request: Request, status: int, heading: str, message: str, reference: str | None = None) -> Response:
    return render(request, "error.html", status=status, heading=heading, message=message, reference=reference)


def _origin_of(headers: Headers) -> str | None:
    if (origin := headers.get("origin")) is not None:
        return origin
    parts = urlsplit(headers.get("referer", ""))
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None
