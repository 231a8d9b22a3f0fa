"""The pretend bank's own page: its customer confirms, declines, or makes the bank take the money and say nothing."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from yimen_host.core.pages import fields, render
from yimen_host.payments.channels.sandbox_bank.bank import Bank, BankState
from yimen_host.payments.channels.sandbox_bank.models import BankPaymentRow
from yimen_host.payments.facade import Payments
from yimen_sdk.money import Money


async def bank(request: Request) -> Response:
    """Show a payment that waits for the customer; one that was decided leads back to the shop."""
    payment = await _payment(request)
    if payment.state != BankState.WAITING:
        return RedirectResponse(payment.return_url, 303)
    return render(
        request,
        "payments/sandbox_bank.html",
        payment=payment,
        amount=Money(payment.amount_fen, payment.currency),
    )


async def decide(request: Request) -> Response:
    """Do what the customer chose, tell the merchant unless the bank is to be silent, and lead back."""
    payment, choice = await _payment(request), (await fields(request)).get("choice")
    own = _bank(request)
    state = BankState.DECLINED if choice == "decline" else BankState.PAID
    decided = await own.decide(payment.id, state, silently=choice == "silent")
    if decided and choice != "silent":
        notice = own.notice(await _payment(request))
        payments: Payments = request.app.state.payments
        await payments.till.hear("sandbox-bank", notice.headers, notice.body)
    return RedirectResponse(payment.return_url, 303)


async def _payment(request: Request) -> BankPaymentRow:
    payment = await _bank(request).payment(request.path_params["payment_id"])
    if payment is None:
        raise HTTPException(404)
    return payment


def _bank(request: Request) -> Bank:
    payments: Payments = request.app.state.payments
    if payments.bank is None:
        raise HTTPException(404)
    return payments.bank


routes = [
    Route("/sandbox-bank/{payment_id}", bank),
    Route("/sandbox-bank/{payment_id}", decide, methods=["POST"]),
]
