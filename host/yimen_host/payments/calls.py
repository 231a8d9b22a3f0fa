"""What every call of the payments' API does: knows who calls, reads what was sent, and does it once for each key."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from yimen_host.core.errors import Invalid
from yimen_host.identity.mandates.mandate import Acting
from yimen_host.payments.facade import Payments
from yimen_host.payments.idempotency import Effect, once

SCOPE = "payments.order"
MAX_BODY = 16 * 1024

_Body = TypeVar("_Body", bound=BaseModel)


class Caller(Protocol):
    """The mini-app that calls, as the runtime knows it."""

    @property
    def app_id(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def publisher(self) -> str: ...

    @property
    def acting(self) -> Acting | None: ...

    def need(self, scope: str) -> str:
        """The resident of this call, when they granted the scope; raises otherwise."""
        ...

    def need_declared(self, scope: str) -> None:
        """Pass when the approved manifest holds the scope; raises otherwise."""
        ...


def caller_of(request: Request) -> Caller:
    """Who calls; the runtime knew before the route ran."""
    caller: Caller = request.state.caller
    return caller


def payments_of(request: Request) -> Payments:
    """The payments of this process."""
    payments: Payments = request.app.state.payments
    return payments


async def read_body(request: Request, kind: type[_Body]) -> _Body:
    """Read what was sent. Raises Invalid with every fault at once."""
    body = await request.body()
    if len(body) > MAX_BODY:
        raise Invalid(f"the body is longer than {MAX_BODY} bytes")
    return _validated(kind.model_validate_json, body)


def read_query(request: Request, kind: type[_Body]) -> _Body:
    """Read what is asked for. Raises Invalid with every fault at once."""
    return _validated(kind.model_validate, dict(request.query_params))


async def do_once(request: Request, effect: Effect, *, about: str = "") -> dict[str, Any]:  # Any: JSON
    """Do it once for its Idempotency-Key, caller and path; raises what ``once`` raises."""
    return await once(
        payments_of(request).services,
        scope=f"{caller_of(request).app_id} {request.url.path} {about}",
        headers=request.headers,
        body=await request.body(),
        effect=effect,
    )


def _validated(read: Callable[[Any], _Body], given: object) -> _Body:  # Any: as Pydantic reads
    try:
        return read(given)
    except ValidationError as error:
        faults = {".".join(map(str, fault["loc"])): fault["msg"] for fault in error.errors()}
        raise Invalid("this is not what the call needs", faults) from None
