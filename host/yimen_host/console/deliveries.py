"""A publisher's programs and its webhooks: the endpoints, their dead letters, and how those are sent again."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yimen_host.console.tokens import app_of_token, in_json
from yimen_host.core.errors import Invalid
from yimen_host.core.services import Services
from yimen_host.payments.idempotency import Effect, once
from yimen_host.payments.typed import within
from yimen_host.payments.webhooks.endpoints import MOST_LISTED, Endpoints
from yimen_host.payments.webhooks.models import EndpointRow
from yimen_host.payments.webhooks.store import Letter

USUAL = 50  # letters in one answer
MAX_NUMBER = 2**63 - 1


@in_json
async def endpoints(request: Request) -> Response:
    """Answer with a mini-app's endpoints."""
    found = await _endpoints(request).of_app(await app_of_token(request))
    return JSONResponse({"endpoints": [_endpoint_json(row) for row in found]})


@in_json
async def dead_letters(request: Request) -> Response:
    """Answer with an endpoint's dead letters, oldest first."""
    app_id = await app_of_token(request)
    after, limit = _number(request, "after", 0, MAX_NUMBER), _number(request, "limit", USUAL, MOST_LISTED, least=1)
    found = await _endpoints(request).dead_letters(app_id, request.path_params["endpoint"], after=after, limit=limit)
    return JSONResponse({"dead_letters": [_letter_json(letter) for letter in found]})


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
    return JSONResponse(answer, 202)


def _endpoint_json(row: EndpointRow) -> dict[str, Any]:  # Any: JSON
    return {
        "id": row.id,
        "url": row.url,
        "types": row.types,
        "state": row.state,
        "failures": row.failures,
    }


def _letter_json(letter: Letter) -> dict[str, Any]:  # Any: JSON
    delivery = letter.delivery
    return {
        "id": delivery.id,
        "event_id": letter.event.id,
        "type": letter.event.type,
        "subject": delivery.subject,
        "sequence": delivery.sequence,
        "attempts": delivery.attempts,
        "last_status": delivery.last_status,
        "last_error": delivery.last_error,
        "last_at": delivery.last_at.isoformat() if delivery.last_at else None,
        "created_at": delivery.created_at.isoformat(),
    }


def _number(request: Request, name: str, usual: int, most: int, *, least: int = 0) -> int:
    try:
        return within(least, most)(request.query_params.get(name, str(usual)))
    except ValueError:
        raise Invalid(f"{name} is a number from {least} to {most}", {name: f"{least} to {most}"}) from None


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
