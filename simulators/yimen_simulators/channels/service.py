"""The simulator over HTTP: WeChat Pay's API, Alipay's gateway, and the payer's pages, on one address."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from yimen_simulators.channels import alipay, pages, wechat, wechat_wire
from yimen_simulators.channels.sending import Mail
from yimen_simulators.channels.world import World

Endpoint = Callable[[Request], Awaitable[Response]]


def create_channels(own: World, mail: Mail | None = None) -> Starlette:
    """The service over some books."""
    application = Starlette(
        routes=[
            *(Route(route.path, _signed(route.endpoint), methods=list(route.methods or ())) for route in wechat.routes),
            *alipay.routes,
            *pages.routes,
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ]
    )
    application.state.world = own
    application.state.mail = mail or Mail(own)
    return application


def _signed(endpoint: Endpoint) -> Endpoint:
    """An endpoint of WeChat Pay's API: it answers only the merchant, as late as the faults say, and signs."""

    async def answer(request: Request) -> Response:
        own = wechat.world(request)
        if own.faults.down:
            return Response("down", 503)
        response = await _answered(own, request, endpoint)
        key = wechat.IMPOSTOR if own.faults.forged_answers else own.papers.wechat
        made = wechat_wire.headers(key, own.papers.public_key_id, bytes(response.body), own.books.now())
        response.headers.update(made)
        return response

    return answer


async def _answered(own: World, request: Request, endpoint: Endpoint) -> Response:
    if not wechat.signs(request, await request.body()):
        return JSONResponse({"code": "SIGN_ERROR", "message": "签名错误"}, 401)
    if own.faults.errors:
        status, _, code = own.faults.errors.pop(0).rpartition(" ")
        return JSONResponse({"code": code, "message": code}, int(status or 500))
    await asyncio.sleep(own.faults.silent_before)
    response = await endpoint(request)
    await asyncio.sleep(own.faults.silent_after)
    return response
