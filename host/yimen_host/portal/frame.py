"""What the platform itself answers on a mini-app's origin, and how a frame is led out to a page of the portal."""

from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from yimen_host.core.services import Services
from yimen_host.runtime.directory import LiveDirectory
from yimen_host.runtime.gateway.ports import ErrorPages, Leave, Reason
from yimen_host.runtime.launch import PATH, Launches
from yimen_sdk.manifest import to_w3c
from yimen_sdk.pages import Pages

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'"

SENTENCES = {
    Reason.UNKNOWN_APP: "没有这个小程序，或者它已经下线。",
    Reason.SUSPENDED: "这个小程序暂停服务。",
    Reason.REMOVED: "这个小程序已经下线。",
    Reason.QUARANTINED: "这个小程序连续出错，已停止运行，开发者正在处理。",
    Reason.FULL: "这个小程序存放的数据太多，暂停服务。",
    Reason.NOT_RUNNING: "这个小程序暂时打不开，请稍后再试。",
    Reason.NOBODY_KNOWN: "系统暂时忙不过来，请过几秒再试一次。",
    Reason.OVERLOADED: "现在使用的人太多，请稍后再试。",
    Reason.TOO_MANY: "访问太频繁，请过一两秒再试。",
    Reason.TOO_SLOW: "这个小程序没有及时回应。如果您刚刚付过款，不会重复扣款，请在“缴费记录”里查看结果。",
    Reason.BROKEN_ANSWER: "这个小程序的回应有误，请稍后再试。",
    Reason.CROSS_SITE: "这个请求来自别的网站，已拒绝。",
    Reason.TOO_LARGE: "提交的内容太大。",
}

DETAILS = {
    Reason.FULL: "这不是您的问题，您的资料和付款都还在。开发者清理数据后，服务会自动恢复。",
}
"""More than a sentence, where a resident would ask what they did wrong."""


def platform(launches: Launches, directory: LiveDirectory, static: Path) -> ASGIApp:
    """The paths under ``/.yimen/`` of every mini-app's origin."""

    async def manifest(request: Request) -> Response:
        """The W3C MiniApp Manifest (Working Draft, 28 January 2025)."""
        release = directory.main(request.state.app_id)
        if release is None:
            return Response(status_code=404)
        language = "en" if request.headers.get("accept-language", "").lower().startswith("en") else "zh"
        return JSONResponse(to_w3c(release.manifest, language=language), headers={"Vary": "Accept-Language"})

    return Starlette(
        routes=[
            Route(PATH, launches.take),
            Route("/.yimen/manifest.json", manifest),
            Mount("/.yimen/static", StaticFiles(directory=static)),
        ]
    )


def error_pages(pages: Pages, portal_origin: str) -> ErrorPages:
    """Draw the gateway's own answers in the portal's look."""

    def both(sentence: str) -> dict[str, str]:
        return {"zh": sentence, "en": pages.gettext(sentence, "en")}

    def draw(status: int, reason: Reason) -> Response:
        sentence = SENTENCES.get(reason, "这个请求有误，没有处理。")
        told = {"text": both(sentence), "detail": both(DETAILS[reason]) if reason in DETAILS else None}
        body = pages.render("portal/gateway_error.html", "zh", told | {"portal": portal_origin, "reason": reason})
        return _framed(body, status, portal_origin)

    return draw


def leave(pages: Pages, portal_origin: str) -> Leave:
    """Answer a frame that was sent to the portal: a page whose bridge asks the shell to lead the whole tab there."""

    def draw(location: str) -> Response:
        parts = urlsplit(location)
        if f"{parts.scheme}://{parts.netloc}" != portal_origin:
            return _framed("", 502, portal_origin)
        return _framed(
            pages.render("portal/leave.html", "zh", {"url": location, "portal": portal_origin}), 200, portal_origin
        )

    return draw


async def jwks(request: Request) -> Response:
    """The host's public keys (RFC 7517), for mini-apps that run elsewhere."""
    services: Services = request.app.state.services
    return JSONResponse(services.keyring.public_keys(), headers={"Cache-Control": "public, max-age=300"})


def _framed(body: str, status: int, portal_origin: str) -> Response:
    headers = {
        "Content-Security-Policy": f"{POLICY}; frame-ancestors {portal_origin}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return HTMLResponse(body, status, headers=headers)
