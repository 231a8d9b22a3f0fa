"""Takes the platform's events in: checks the signature, makes the typed value, calls the handler."""

import datetime as dt
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.responses import Response

from yimen_sdk.errors import SignInRequired
from yimen_sdk.events import Event
from yimen_sdk.host import Host
from yimen_sdk.web import Request

MAX_EVENT_BYTES = 64 * 1024  # our own events are below 2 KiB

Handlers = Mapping[str, tuple[type[Event], Callable[[Any, Host], Awaitable[None]]]]


async def receive(request: Request, handlers: Handlers) -> Response:
    """Answer 204 when the event is dealt with, 401 when it is not the platform's; an exception asks for it again."""
    body = await request.body()
    if len(body) > MAX_EVENT_BYTES:
        return Response(status_code=413)
    try:
        request.surroundings.verifier.event(body, request.headers)
    except SignInRequired as error:
        return Response(error.message, 401)
    envelope = json.loads(body)
    if (entry := handlers.get(envelope["type"])) is not None:
        kind, handler = entry
        event = kind.from_data(envelope["id"], dt.datetime.fromisoformat(envelope["time"]), envelope["data"])
        await handler(event, request.surroundings.connect(None))
    return Response(status_code=204)
