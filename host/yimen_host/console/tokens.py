"""Programs of a publisher at the portal: known by an API token, never by a cookie, and answered in JSON."""

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yimen_host.core.errors import HostError, NotFound
from yimen_registry import Registry, RegistryError
from yimen_registry.basic import secret_of

Answering = Callable[[Request], Awaitable[Response]]
PROBLEM = "application/problem+json"


class TokenNeeded(HostError):
    """No API token, or one that is not good any more."""

    code = "token_refused"
    status = 401


def in_json(answering: Answering) -> Answering:
    """Let a call's refusals be problem documents (RFC 9457)."""

    @wraps(answering)
    async def guarded(request: Request) -> Response:
        try:
            return await answering(request)
        except HostError as error:
            headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
            return JSONResponse(error.problem(), error.status, headers, media_type=PROBLEM)

    return guarded


async def app_of_token(request: Request) -> str:
    """The mini-app of the address, when the token is good for it. Raises TokenNeeded, and NotFound for any other."""
    registry: Registry = request.app.state.registry
    app_id = str(request.path_params["app_id"])
    try:
        token = await registry.recognise(_secret(request))
    except RegistryError as error:
        raise TokenNeeded(str(error)) from None
    app = await registry.app(app_id)
    if app is None or app.publisher_id != token.publisher_id or token.app_id not in (None, app_id):
        raise NotFound(f"there is no mini-app {app_id} for this token")
    return app_id


def _secret(request: Request) -> str:
    """The token: ``Authorization: Bearer``, or the password of ``__token__`` as packaging tools send it."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else secret_of(request) or ""
