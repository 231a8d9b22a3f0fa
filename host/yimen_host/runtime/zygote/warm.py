"""Serve a few requests to nobody, so that workers inherit an interpreter that has done it before.

The interpreter specialises code as it runs and fills caches; done once here, those pages stay shared and a worker's
first answer comes sooner. No event loop is started: nothing here ever waits.
"""

from collections.abc import Coroutine
from typing import Any

from joserfc import jwt
from joserfc.jwk import OKPKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Scope

from yimen_sdk.identity import Verifier
from yimen_sdk.pages import Pages
from yimen_sdk.remote import RemotePlatform

_ROUNDS = 20
_HEADERS = [(b"host", b"warm.localhost"), (b"accept", b"text/html"), (b"cookie", b"__Host-a=b")]


def up() -> None:
    """Answer some requests of an application that is thrown away."""
    application = Starlette(routes=[Route("/page", _page), Route("/values/{name}", _values)])
    for _ in range(_ROUNDS):
        for path in ("/page", "/values/a", "/nowhere"):
            _run(application(_scope(path), _receive, _send))
    for _ in range(_ROUNDS // 4):
        _surroundings()


def _surroundings() -> None:
    """Make what every mini-app makes while it is loaded; the key is made here and belongs to nobody."""
    Pages("yimen_sdk")
    RemotePlatform("http+unix:///nowhere")
    key = OKPKey.generate_key("Ed25519", {"kid": "warm", "alg": "Ed25519"})
    verifier = Verifier({"keys": [key.as_dict(private=False)]}, audience="warm", now=lambda: 0.0)
    claims = {
        "aud": "warm", "sub": "s", "assurance": 1, "scope": "identity.name", "claims": {}, "locale": "zh",
        "ui": "standard", "iss": "http://localhost", "exp": 1,
    }  # fmt: skip
    verifier.resident(jwt.encode({"alg": "Ed25519"}, claims, key, algorithms=["Ed25519"]))


async def _page(request: Request) -> Response:
    return HTMLResponse(f"<p>{request.headers.get('accept')}{request.cookies.get('__Host-a')}{request.url.path}</p>")


async def _values(request: Request) -> Response:
    return JSONResponse({"name": request.path_params["name"], "query": dict(request.query_params)})


def _scope(path: str) -> Scope:
    return {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"a=b",
        "headers": _HEADERS, "client": None, "server": None, "state": {},
    }  # fmt: skip


async def _receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(message: Message) -> None:
    pass


def _run(coroutine: Coroutine[Any, Any, None]) -> None:  # Any: it neither yields nor is sent anything
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("a request to nobody waited for something")
