"""A publisher's programs and its webhooks: the endpoints, their dead letters, and how those are sent again."""

from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yimen_host.console.bodies import (
    MAX_NUMBER,
    DeadLetterAnswer,
    DeadLettersAnswer,
    DeadLettersQuery,
    EndpointAnswer,
    EndpointsAnswer,
    SentAgainAnswer,
)
from yimen_host.console.tokens import app_of_token, in_json
from yimen_host.core.reading import read_query
from yimen_host.core.services import Services
from yimen_host.payments.idempotency import Effect, once
from yimen_host.payments.webhooks.endpoints import Endpoints


@in_json
async def endpoints(request: Request) -> Response:
    """Answer with a mini-app's endpoints."""
    found = await _endpoints(request).of_app(await app_of_token(request))
    return _told(EndpointsAnswer(endpoints=[EndpointAnswer.of(row) for row in found]))


@in_json
async def dead_letters(request: Request) -> Response:
    """Answer with an endpoint's dead letters, oldest first."""
    app_id = await app_of_token(request)
    asked, endpoint_id = read_query(request, DeadLettersQuery), request.path_params["endpoint"]
    found = await _endpoints(request).dead_letters(app_id, endpoint_id, after=asked.after, limit=asked.limit)
    return _told(DeadLettersAnswer(dead_letters=[DeadLetterAnswer.of(letter) for letter in found]))


@in_json
async def send_again(request: Request) -> Response:
    """Send one delivery again; to one that waits anyway nothing is done."""
    app_id, endpoint_id = await app_of_token(request), request.path_params["endpoint"]

    async def effect(session: AsyncSession) -> dict[str, Any]:  # Any: JSON
        delivery_id = min(request.path_params["delivery"], MAX_NUMBER)
        return {"sent": int(await _endpoints(request).again(session, app_id, endpoint_id, delivery_id))}

    return await _done_once(request, app_id, effect)


@in_json
async def send_dead_again(request: Request) -> Response:
    """Send an endpoint's dead letters again, oldest first."""
    app_id, endpoint_id = await app_of_token(request), request.path_params["endpoint"]

    async def effect(session: AsyncSession) -> dict[str, Any]:  # Any: JSON
        return {"sent": await _endpoints(request).dead_again(session, app_id, endpoint_id)}

    return await _done_once(request, app_id, effect)


async def _done_once(request: Request, app_id: str, effect: Effect) -> Response:
    services: Services = request.app.state.services
    scope = f"publisher of {app_id} {request.url.path}"
    answer = await once(services, scope=scope, headers=request.headers, body=b"", effect=effect)
    return _told(SentAgainAnswer.model_validate(answer), 202)


def _told(answer: BaseModel, status: int = 200) -> Response:
    return JSONResponse(answer.model_dump(mode="json"), status)


def _endpoints(request: Request) -> Endpoints:
    found: Endpoints = request.app.state.webhooks
    return found


_ENDPOINT = "/v1/apps/{app_id}/webhooks/{endpoint}"
routes = [
    Route("/v1/apps/{app_id}/webhooks", endpoints),
    Route(f"{_ENDPOINT}/dead-letters", dead_letters),
    Route(f"{_ENDPOINT}/dead-letters/replay", send_dead_again, methods=["POST"]),
    Route(f"{_ENDPOINT}/deliveries/{{delivery:int}}/replay", send_again, methods=["POST"]),
]
