"""Another site on this machine: it counts what reaches it, and is a careless portal that frames the same probes.

It frames them on its own origin and without any policy: where a probe succeeds here, it can succeed.
"""

import threading
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from tests.town import free_port

WOLF = Path(__file__).parent / "wolf"
_FRAME = '<title>portal</title><body><iframe id="f" allow="camera" src="/app"></iframe></body>'
_APP = '<body><button id="lure">x</button><script src="/static/probes.js"></script></body>'
_KINDS = {".js": "text/javascript", ".css": "text/css", ".png": "image/svg+xml"}


class Stranger:
    """The other site, while it runs."""

    def __init__(self) -> None:
        self.port = free_port()
        self.heard: list[str] = []
        self.server = uvicorn.Server(uvicorn.Config(self._site(), port=self.port, log_level="error", ws="none"))

    def _site(self) -> Starlette:
        async def anything(request: Request) -> Response:
            self.heard.append(request.url.path)
            kind = next((kind for end, kind in _KINDS.items() if request.url.path.endswith(end)), "text/plain")
            return Response('<svg xmlns="http://www.w3.org/2000/svg"/>' if "svg" in kind else "", media_type=kind)

        return Starlette(
            routes=[
                Route("/", _home),
                Route("/portal", _portal),
                Route("/sign-in", _home),
                Route("/me", _me),
                Route("/sign-out", _sign_out, methods=["POST"]),
                Route("/app", _app),
                Route("/cookies", _cookies),
                Route("/clear", _clear),
                Mount("/static", StaticFiles(directory=WOLF / "yimen_wolf" / "static")),
                Route("/{rest:path}", anything, methods=["GET", "POST"]),
            ]
        )

    def __enter__(self) -> "Stranger":
        threading.Thread(target=self.server.run, daemon=True).start()
        while not self.server.started:
            pass
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.should_exit = True


async def _home(request: Request) -> Response:
    return HTMLResponse(f'<html lang="{request.cookies.get("locale", "zh")}"></html>')


async def _portal(request: Request) -> Response:
    response = HTMLResponse(_FRAME)
    response.set_cookie("session", "1")
    return response


async def _me(request: Request) -> Response:
    return PlainTextResponse("me") if "session" in request.cookies else RedirectResponse("/sign-in", 303)


async def _sign_out(request: Request) -> Response:
    response = PlainTextResponse("bye")
    response.delete_cookie("session")
    return response


async def _app(request: Request) -> Response:
    return HTMLResponse(_APP)


async def _cookies(request: Request) -> Response:
    return PlainTextResponse(request.headers.get("cookie", ""))


async def _clear(request: Request) -> Response:
    return PlainTextResponse("", headers={"Clear-Site-Data": '"cookies"'})
