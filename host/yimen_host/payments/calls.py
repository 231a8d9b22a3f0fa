"""What every call of the payments' API does: knows who calls, and does it once for each key."""

from typing import Any, Protocol

from starlette.requests import Request

from yimen_host.identity.mandates.mandate import Acting
from yimen_host.payments.facade import Payments
from yimen_host.payments.idempotency import Effect, once

SCOPE = "payments.order"
MAX_BODY = 16 * 1024  # bytes


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


async def do_once(request: Request, effect: Effect, *, about: str = "") -> dict[str, Any]:  # Any: JSON
    """Do it once for its Idempotency-Key, caller and path; raises what ``once`` raises."""
    return await once(
        payments_of(request).services,
        scope=f"{caller_of(request).app_id} {request.url.path} {about}",
        headers=request.headers,
        body=await request.body(),
        effect=effect,
    )
