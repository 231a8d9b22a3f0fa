"""A mini-app: its pages, its events, and the ASGI application made of them."""

import inspect
import json
import logging
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as StarletteRequest
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket as StarletteWebSocket

from yimen_sdk.delivery import receive
from yimen_sdk.errors import ConsentRequired, SignInRequired, YimenError
from yimen_sdk.events import Event
from yimen_sdk.host import Host
from yimen_sdk.live import LiveHandler, WebSocket, converse
from yimen_sdk.pages import Pages
from yimen_sdk.surroundings import Surroundings
from yimen_sdk.web import Request

Handler = Callable[[Request], Awaitable[Response]]
EventT = TypeVar("EventT", bound=Event)
EventHandler = Callable[[EventT, Host], Awaitable[None]]

REQUEST_ID_HEADER = "Yimen-Request-Id"
log = logging.getLogger("yimen.miniapp")


class MiniApp:
    """A mini-app 小程序, made in its package's ``__init__`` and offered by the hook ``yimen_miniapps``.

    ``package`` is the package that holds ``miniapp.toml``, ``templates/`` and ``static/``: pass ``__name__``.
    ``id`` is needed only when one package offers several mini-apps.
    """

    def __init__(self, package: str, *, id: str | None = None) -> None:
        self.package = package
        self.id = id
        self._routes: list[Route | WebSocketRoute] = []
        self._handlers: dict[str, tuple[type[Event], EventHandler[Any]]] = {}

    def get(self, path: str, *, public: bool = False) -> Callable[[Handler], Handler]:
        """Answer GET on a path. Needs a signed-in resident unless ``public``."""
        return self._route(path, "GET", public)

    def post(self, path: str, *, public: bool = False) -> Callable[[Handler], Handler]:
        """Answer POST on a path. The platform has already refused forms that another site made."""
        return self._route(path, "POST", public)

    def websocket(self, path: str, *, public: bool = False) -> Callable[[LiveHandler], LiveHandler]:
        """Talk over a WebSocket on a path; it is accepted before and closed after. Same rules as `get`.

        The platform has already refused those that another site's page opened.
        """

        def register(handler: LiveHandler) -> LiveHandler:
            async def endpoint(plain: StarletteWebSocket) -> None:
                await converse(WebSocket(plain.scope, plain.receive, plain.send), handler, public=public)

            self._routes.append(WebSocketRoute(path, endpoint, name=_checked(handler).__name__))
            return handler

        return register

    def on(self, kind: type[EventT]) -> Callable[[EventHandler[EventT]], EventHandler[EventT]]:
        """Handle an event. It may come more than once; an exception makes it come again later."""

        def register(handler: EventHandler[EventT]) -> EventHandler[EventT]:
            self._handlers[kind.type] = (kind, handler)
            return handler

        return register

    def asgi(self, surroundings: Surroundings | None = None) -> ASGIApp:
        """Make the ASGI application; without surroundings, of the process's environment."""
        routes: list[Route | WebSocketRoute | Mount] = [
            Route("/.yimen/events", self._receive, methods=["POST"]),
            Route("/.yimen/health", _healthy),
            *self._routes,
        ]
        static = files(self.package).joinpath("static")
        if static.is_dir():
            routes.append(Mount("/static", StaticFiles(directory=str(static))))
        application = Starlette(
            routes=routes,
            exception_handlers={
                ConsentRequired: _ask_consent,
                SignInRequired: _ask_sign_in,
                YimenError: _show_error,
                HTTPException: _show_http_error,
                Exception: _show_own_fault,
            },
        )
        application.state.surroundings = surroundings or Surroundings.from_environment()
        application.state.pages = Pages(self.package)
        return application

    def _route(self, path: str, method: str, public: bool) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            name = _checked(handler).__name__
            self._routes.append(Route(path, _endpoint(handler, public), methods=[method], name=name))
            return handler

        return register

    async def _receive(self, request: StarletteRequest) -> Response:
        return await receive(Request(request.scope, request.receive), self._handlers)


def _checked(handler: Callable[..., Any]) -> Callable[..., Any]:  # Any: of either kind
    if not inspect.iscoroutinefunction(handler):
        raise TypeError(f"{handler.__name__} must be an `async def`: one process serves everybody at once")
    return handler


def _endpoint(handler: Handler, public: bool) -> Callable[[StarletteRequest], Awaitable[Response]]:
    async def endpoint(plain: StarletteRequest) -> Response:
        request = Request(plain.scope, plain.receive)
        if not public:
            _ = request.resident  # raises unless signed in
        answer = await handler(request)
        if not isinstance(answer, Response):
            raise TypeError(f"{handler.__name__} must return a Response, such as request.page(…), not {answer!r}")
        return answer

    return endpoint


async def _healthy(request: StarletteRequest) -> Response:
    return JSONResponse({"status": "ok"})


async def _ask_consent(request: StarletteRequest, error: Exception) -> Response:
    assert isinstance(error, ConsentRequired)
    return RedirectResponse(Request(request.scope).consent_url(error.scope), 303)


async def _ask_sign_in(request: StarletteRequest, error: Exception) -> Response:
    return RedirectResponse(Request(request.scope).sign_in_url(), 303)


async def _show_error(request: StarletteRequest, error: Exception) -> Response:
    assert isinstance(error, YimenError)
    log.warning("%s %s: %s: %s", request.method, request.url.path, error.code, error.message)
    return _error_page(request, error.status, error.code)


async def _show_http_error(request: StarletteRequest, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _error_page(request, error.status_code, "not_found" if error.status_code == 404 else "error")


async def _show_own_fault(request: StarletteRequest, error: Exception) -> Response:
    """Say it in plain words with a number, under which the log has the rest: the server writes the traceback there."""
    reference = request.headers.get(REQUEST_ID_HEADER, "")
    log.error("%s %s failed, reference %s", request.method, request.url.path, reference or "-")
    return _error_page(request, 500, "own_fault", reference=reference)


def _error_page(plain: StarletteRequest, status: int, code: str, *, reference: str = "") -> Response:
    if "text/html" not in plain.headers.get("accept", ""):
        told = {"code": code, "status": status} | ({"reference": reference} if reference else {})
        return Response(json.dumps(told), status, media_type="application/problem+json")
    told = {"code": code, "error_status": status, "reference": reference}
    return Request(plain.scope).page("yimen/error.html", status=status, **told)
