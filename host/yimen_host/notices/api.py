"""``POST /v1/notices``: a mini-app sends one of its approved templates."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yimen_host.core.errors import Invalid
from yimen_host.core.reading import read_body
from yimen_host.notices.inbox import Inbox

SCOPE = "notices.send"
MAX_BODY = 64 * 1024  # bytes: twenty values, and none of them a document


class Sending(BaseModel):
    """What is to be sent."""

    model_config = ConfigDict(extra="forbid")

    template: Annotated[str, Field(max_length=64)]
    to: Annotated[str, Field(max_length=64)] | None = None
    values: Annotated[dict[str, str], Field(max_length=20)] = {}


async def send(request: Request) -> Response:
    """Send a notice to the present resident, or to one the mini-app knows by ``sub``."""
    sending = await read_body(request, Sending, most=MAX_BODY)
    inbox: Inbox = request.app.state.inbox
    caller = request.state.caller
    resident_id = await request.app.state.subjects.resident(caller, sending.to, SCOPE)
    template = request.app.state.subjects.template(caller, sending.template)
    key = request.headers.get("idempotency-key")
    if not key:
        raise Invalid("POST needs an Idempotency-Key", {"Idempotency-Key": "missing"})
    await inbox.put_from_app(
        caller.app_id, resident_id, template, sending.values, source_id=f"{caller.app_id}:{key[:128]}"
    )
    return JSONResponse({"status": "sent"}, 201)


routes = [Route("/v1/notices", send, methods=["POST"])]
