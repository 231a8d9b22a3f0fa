"""The platform API as mini-apps reach it: one unix socket for each, so that the socket itself says who calls.

Before a route runs, the caller is known (``request.state.caller``): the mini-app, the resident whose assertion it
hands back, and the scopes that count at this moment: manifest ∩ approved ∩ consented.
"""

import asyncio
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from yimen_host.core.database import AGAIN, AWAY
from yimen_host.core.errors import Forbidden, HostError, NotFound, SignInNeeded, TooMany, TryLater
from yimen_host.core.services import Services
from yimen_host.identity.consent import Consents
from yimen_host.identity.mandates.mandate import Acting
from yimen_host.identity.mandates.rights import Rights
from yimen_host.runtime import store
from yimen_host.runtime.allowance import ShortCalls
from yimen_host.runtime.bucket import Meter
from yimen_host.runtime.directory import LiveDirectory
from yimen_host.runtime.supervision import Supervision
from yimen_sdk.manifest.model import NoticeTemplate

ASSERTION_SLACK_SECONDS = 30  # an assertion may be handed back while a slow request runs
_LEAVE_IT: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
"""From Python 3.13 a closed server takes its socket's file away, which is the supervisor's to do."""
_REGISTRY = JWSRegistry(algorithms=["Ed25519"])


class ConsentMissing(Forbidden):
    """The resident has not granted the scope; the SDK asks them for it."""

    code = "consent_required"


class ScopeMissing(Forbidden):
    """The approved manifest does not hold the scope."""

    code = "scope_not_declared"


@dataclass(frozen=True)
class Caller:
    """Who calls the platform API."""

    app_id: str
    version: str
    title: str
    publisher: str
    resident_id: str | None
    scopes: frozenset[str]
    declared: frozenset[str] = field(default=frozenset())
    acting: Acting | None = None
    """Who does it for the resident, and pays, when somebody does."""

    def need(self, scope: str) -> str:
        """The resident of this call, when the scope counts. Raises ConsentMissing, ScopeMissing, SignInNeeded."""
        self.need_declared(scope)
        if self.resident_id is None:
            raise SignInNeeded("this call needs a resident: hand their assertion back in Yimen-Resident")
        if scope not in self.scopes:
            raise ConsentMissing(f"the resident has not granted {scope}", scope=scope)
        return self.resident_id

    def need_declared(self, scope: str) -> None:
        """Pass when the approved manifest holds the scope. Raises ScopeMissing."""
        if scope not in self.declared:
            raise ScopeMissing(f"the manifest of {self.app_id} does not declare {scope}", scope=scope)


class Callers:
    """Tells who calls, from the socket and the assertion."""

    def __init__(self, services: Services, rights: Rights, directory: LiveDirectory) -> None:
        self._services = services
        self._rights = rights
        self._directory = directory
        self._keys = services.keyring.key_set()

    async def caller(self, app_id: str, assertion: str | None) -> Caller:
        """Who calls. Raises NotFound for an app that is not served, SignInNeeded for an assertion that is not good."""
        visitor_id, mandate_id = self.visitor(app_id, assertion) if assertion else (None, None)
        release = self._directory.choose(app_id, visitor_id) if visitor_id else self._directory.main(app_id)
        if release is None:
            raise NotFound(f"{app_id} is not served")
        declared = release.manifest.scope_names
        standing = None
        if visitor_id is not None:
            now = self._services.clock.now()
            async with self._services.database.transaction() as session:
                standing = await self._rights.standing(
                    session, visitor_id, mandate_id, app_id=app_id, declared=declared, now=now
                )
            if standing is None:
                raise SignInNeeded("the resident, or their mandate, is no longer here")
        department = release.manifest.department
        return Caller(
            app_id=app_id,
            version=release.version,
            title=release.manifest.title.zh,
            publisher=department.zh if department else release.manifest.title.zh,
            resident_id=standing.subject.id if standing else None,
            scopes=standing.scopes if standing else frozenset(),
            declared=declared,
            acting=standing.acting if standing else None,
        )

    def visitor(self, app_id: str, assertion: str) -> tuple[str, str | None]:
        """Who visits, and by which mandate, by an assertion of ours for this mini-app. Raises SignInNeeded."""
        try:
            claims = jwt.decode(assertion, self._keys, registry=_REGISTRY).claims
            if claims["aud"] != app_id:
                raise SignInNeeded("the assertion was made for another mini-app")
            if self._services.clock.now().timestamp() > claims["exp"] + ASSERTION_SLACK_SECONDS:
                raise SignInNeeded("the assertion has expired")
            context = self._services.keyring.decrypt(claims["ctx"], bound_to=f"assertion:{app_id}")
            resident_id, _, mandate_id = context.partition(" ")
            return resident_id, mandate_id or None
        except (JoseError, ValueError, KeyError, InvalidTag) as error:
            raise SignInNeeded(f"the assertion is not one of ours: {type(error).__name__}") from None


class Subjects:
    """Finds whom a mini-app means, and the template it names."""

    def __init__(self, services: Services, consents: Consents, directory: LiveDirectory) -> None:
        self._services = services
        self._consents = consents
        self._directory = directory

    async def resident(self, caller: Caller, sub: str | None, scope: str) -> str:
        """The resident meant by ``sub``, else the present one; they must have granted the scope.

        Raises NotFound for a name this mini-app does not know, and what ``Caller.need`` raises.
        """
        if sub is None:
            return caller.need(scope)
        caller.need_declared(scope)
        async with self._services.database.transaction() as session:
            resident_id = await store.resident_of(session, caller.app_id, sub)
            if resident_id is None:
                raise NotFound(f"{caller.app_id} knows no resident {sub}")
            decision = await self._consents.read(session, resident_id, caller.app_id)
        if scope not in decision.effective(caller.declared):
            raise ConsentMissing(f"the resident has not granted {scope}", scope=scope)
        return resident_id

    def template(self, caller: Caller, name: str) -> NoticeTemplate:
        """A notice template of the approved manifest. Raises NotFound."""
        release = self._directory.main(caller.app_id)
        found = release.manifest.notice(name) if release else None
        if found is None:
            raise NotFound(f"the manifest of {caller.app_id} declares no notice {name!r}")
        return found


class Identify:
    """Middleware: puts the caller on the request, or answers why not."""

    def __init__(self, app: ASGIApp, callers: Callers) -> None:
        self._app = app
        self._callers = callers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            try:
                request.state.caller = await self._callers.caller(
                    scope["state"]["app_id"], request.headers.get("yimen-resident")
                )
            except HostError as error:
                await problem(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class Metered:
    """Middleware: a mini-app that calls too often is told to wait, before anything is asked of the database."""

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._meter.admit(scope["state"]["app_id"]):
            answer = problem(TooMany(f"{scope['state']['app_id']} calls the platform too often: wait a second"))
            answer.headers["Retry-After"] = "1"
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


def platform_api(callers: Callers, routes: Iterable[BaseRoute], state: dict[str, object], *, meter: Meter) -> ASGIApp:
    """The ASGI application behind every mini-app's socket."""
    application = Starlette(
        routes=list(routes),
        middleware=[Middleware(Metered, meter=meter), Middleware(ShortCalls), Middleware(Identify, callers=callers)],
        exception_handlers={HostError: _host_error, HTTPException: _http_error, Exception: _our_fault},
    )
    for name, value in state.items():
        setattr(application.state, name, value)
    return application


class PlatformSockets:
    """Answers on one unix socket for each mini-app. The supervisor owns them, so host processes share them."""

    def __init__(self, supervision: Supervision, application: ASGIApp) -> None:
        self._supervision = supervision
        self._application = application
        self._servers: dict[str, asyncio.Server] = {}

    async def open(self, app_id: str) -> None:
        """Answer one mini-app; doing it again changes nothing. Raises SupervisorUnavailable or SupervisorRefused."""
        if app_id in self._servers:
            return
        listener = await self._supervision.api_listener(app_id)
        config = Config(_as_app(self._application, app_id), http="httptools", lifespan="off", log_level="warning")
        config.load()
        loop = asyncio.get_running_loop()
        state = ServerState()
        self._servers[app_id] = await loop.create_unix_server(
            lambda: HttpToolsProtocol(config=config, server_state=state, app_state={}, _loop=loop),
            sock=listener,
            **_LEAVE_IT,
        )

    async def close(self) -> None:
        """Stop answering; what waits is for the other host processes, or for the next."""
        for server in self._servers.values():
            server.close()
        self._servers.clear()


def problem(error: HostError) -> Response:
    """An error as a problem document (RFC 9457, July 2023)."""
    return JSONResponse(error.problem(), error.status, media_type="application/problem+json")


def _as_app(application: ASGIApp, app_id: str) -> ASGIApp:
    async def known(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {**scope.get("state", {}), "app_id": app_id}
        await application(scope, receive, send)

    return known


async def _host_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HostError)
    return problem(error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "error")
    body = {"type": "about:blank", "title": code, "code": code, "status": error.status_code, "detail": error.detail}
    return JSONResponse(body, error.status_code, media_type="application/problem+json")


async def _our_fault(request: Request, error: Exception) -> Response:
    if isinstance(error, AWAY):
        answer = problem(TryLater("the platform's database is away"))
        answer.headers["Retry-After"] = AGAIN
        return answer
    body = {
        "type": "about:blank",
        "title": "error",
        "code": "error",
        "status": 500,
        "detail": "our fault; it is logged",
    }
    return JSONResponse(body, 500, media_type="application/problem+json")
