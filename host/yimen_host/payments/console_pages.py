"""The console of refunds that wait for a person: ask the channel again, or say what it has said by telephone."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from yimen_host.core.errors import Invalid, NotFound
from yimen_host.core.pages import fields, locale, render
from yimen_host.identity.sessions import with_role
from yimen_host.payments.channels.channel import NotReturned, Returned
from yimen_host.payments.facade import Payments
from yimen_host.payments.refunds import RefundState
from yimen_sdk.money import Money


async def refunds(request: Request) -> Response:
    """List the refunds that wait for a person; a POST does what its button says."""
    with_role(request, "admin")
    payments: Payments = request.app.state.payments
    stuck = await payments.refunding.stuck()
    if request.method == "POST":
        typed = await fields(request)
        if typed.get("refund") not in {row.id for row in stuck}:
            raise NotFound("there is no such refund, or it does not wait for a person")
        await _act(payments, typed["refund"], typed.get("act", ""))
        return RedirectResponse(request.url.path, 303)
    shown = []
    for row in stuck:
        attempt = await payments.till.attempt(row.attempt_id)
        title = payments.channels[attempt.channel].title.in_(locale(request))
        shown.append((row, title, Money(row.amount_fen - row.coupon_fen), row.state == RefundState.NEEDS_ACTION))
    return render(request, "payments/stuck_refunds.html", refunds=shown)


async def _act(payments: Payments, refund_id: str, act: str) -> None:
    match act:
        case "retry":
            await payments.refunding.retry(refund_id)
        case "returned":
            await payments.refunding.decide(refund_id, Returned())
        case "not_returned":
            await payments.refunding.decide(refund_id, NotReturned("decided"))
        case _:
            raise Invalid("there is no such act")


routes = [Route("/console/refunds", refunds, methods=["GET", "POST"])]
