"""The cashier 收银台: the host's own pages on which a resident pays, and on which they see what came of it."""

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from yimen_host.core.errors import Invalid
from yimen_host.core.pages import fields, locale, render, say
from yimen_host.identity.accounts import Accounts
from yimen_host.identity.mandates.errors import CapReached, MandateOver
from yimen_host.identity.sessions import present
from yimen_host.payments import forms, scanning
from yimen_host.payments.attempts import UNFINISHED, AttemptState
from yimen_host.payments.channels.channel import Visit
from yimen_host.payments.coupons.errors import CouponRefused
from yimen_host.payments.coupons.person import person_of
from yimen_host.payments.coupons.redemption import CouponChoice
from yimen_host.payments.coupons.views import REASON_WORDS, PaidByCoupons, paid_by
from yimen_host.payments.decision import Refused
from yimen_host.payments.errors import NoSuchOrder, OrderNotOpen
from yimen_host.payments.facade import Payments
from yimen_host.payments.models import AttemptRow, OrderRow
from yimen_host.payments.orders import OrderState
from yimen_host.payments.store import attempts, receipts
from yimen_host.payments.views import choice, order_view, outcome

PASSWORD_WORDS = {
    "wrong": "支付密码不正确",
    "locked": "支付密码输错次数过多，请15分钟后再试",
    "not_set": "您还没有设置支付密码",
}


async def cashier(request: Request) -> Response:
    """Offer the ways to pay an open order; an order that is being paid, or was, shows its result instead."""
    payments, order = facade(request), await order_of(request)
    async with payments.services.database.transaction() as session:
        under_way = await attempts.unfinished(session, order.id)
    if under_way is not None or order.state != OrderState.OPEN or order.expires_at <= payments.services.clock.now():
        return RedirectResponse(f"/cashier/{order.id}/result", 303)
    return await _form(request, order)


async def pay(request: Request) -> Response:
    """Begin to pay. Sent twice, or again by the back button, it is one attempt."""
    payments, order, typed = facade(request), await order_of(request), await fields(request)
    key, channel = typed.get("attempt_key", ""), typed.get("channel", "")
    signed_in = present(request)
    try:
        forms.checked(payments.services.keyring, key, session_id=signed_in.session_id, order_id=order.id)
        password = typed.get("password", "")
        answer = await payments.till.pay(
            order,
            channel=channel,
            form_key=key,
            password=password,
            coupons=_coupons(request, typed.get("coupons", "")),
            visit=_visit(request),
        )
    except Invalid as error:
        faults = error.faults or {"form": error.message}
        return await _form(request, order, faults=faults, chosen=channel, status=422)
    except CouponRefused as error:
        faults = {"coupons": REASON_WORDS[error.reason]}
        return await _form(request, order, faults=faults, chosen=channel, status=422)
    except (CapReached, MandateOver) as error:
        return await _form(request, order, faults={"form": error.message}, chosen=channel, status=422)
    except OrderNotOpen:
        return RedirectResponse(f"/cashier/{order.id}/result", 303)
    if isinstance(answer, Refused):
        faults = {"password": PASSWORD_WORDS[answer.reason]}
        not_set = answer.reason == "not_set"
        return await _form(request, order, faults=faults, chosen=channel, no_password=not_set, status=422)
    return RedirectResponse(_onward(order, answer), 303)


async def go(request: Request) -> Response:
    """Lead to a channel's page on another site. A form of ours may not be redirected there: the CSP forbids it."""
    order, under_way = await order_of(request), await _under_way(request)
    if under_way is None or under_way.pay_url is None:
        return RedirectResponse(f"/cashier/{order.id}/result", 303)
    title = facade(request).channels[under_way.channel].title.in_(locale(request))
    return render(request, "payments/go.html", order_id=order.id, address=under_way.pay_url, channel=title)


async def code(request: Request) -> Response:
    """Draw what the resident is to scan with the channel's app."""
    await order_of(request)
    under_way = await _under_way(request)
    if under_way is None or under_way.scan is None:
        raise HTTPException(404)
    return Response(scanning.picture(under_way.scan), media_type="image/svg+xml")


async def result(request: Request) -> Response:
    """Tell what came of paying, after asking the channel when we do not know."""
    payments, order = facade(request), await order_of(request)
    async with payments.services.database.transaction() as session:
        under_way = await attempts.unfinished(session, order.id)
    if under_way is not None:
        await payments.till.ask_when_due(under_way)
    elif order.state == OrderState.OPEN and order.expires_at <= payments.services.clock.now():
        await payments.orders.expire(order)  # the jobs worker would do it in a moment; the page tells the truth now
    order = await order_of(request)
    async with payments.services.database.transaction() as session:
        tries = list(await attempts.of_order(session, order.id))
        receipt = await receipts.of_order(session, order.id)
    return render(
        request,
        "payments/result.html",
        order=order_view(order, receipt.number if receipt else None),
        paid_by_coupons=await paid_by_coupons(request, tries),
        outcome=outcome(order, tries, payments.channels, locale(request)),
    )


async def leave(request: Request) -> Response:
    """Give the attempt under way up, to pay another way; where it turns out to be paid, the result says so."""
    payments, order = facade(request), await order_of(request)
    async with payments.services.database.transaction() as session:
        under_way = await attempts.unfinished(session, order.id)
    if under_way is not None:
        await payments.till.close(under_way.id)
    return RedirectResponse(f"/cashier/{order.id}", 303)


async def order_of(request: Request) -> OrderRow:
    """The order in the address, when it is this resident's; somebody else's looks like none."""
    signed_in = present(request)
    try:
        return await facade(request).orders.of_resident(request.path_params["order_id"], signed_in.resident_id)
    except NoSuchOrder:
        raise HTTPException(404) from None


async def paid_by_coupons(request: Request, tries: Sequence[AttemptRow]) -> PaidByCoupons | None:
    """What coupons pay in the attempt that settled or is under way."""
    counted = (AttemptState.SETTLED, *UNFINISHED)
    attempt = next((attempt for attempt in tries if attempt.state in counted), None)
    return paid_by(attempt, await facade(request).coupons.shares(attempt.id)) if attempt else None


async def for_whom(request: Request, order: OrderRow) -> str | None:
    """The name of the person for whom an order is paid by a mandate."""
    if order.representee_id is None:
        return None
    accounts: Accounts = request.app.state.accounts
    account = await accounts.account(order.representee_id)
    return account.display_name if account else None


def facade(request: Request) -> Payments:
    """Payments, as the application was handed them."""
    payments: Payments = request.app.state.payments
    return payments


async def _under_way(request: Request) -> AttemptRow | None:
    async with facade(request).services.database.transaction() as session:
        return await attempts.unfinished(session, request.path_params["order_id"])


def _onward(order: OrderRow, attempt: AttemptRow) -> str:
    """Where to go after beginning to pay: to the channel's page, or to see what came of it."""
    if attempt.state != "submitted" or attempt.pay_url is None:
        return f"/cashier/{order.id}/result"
    return attempt.pay_url if attempt.pay_url.startswith("/") else f"/cashier/{order.id}/go"


def _coupons(request: Request, typed: str) -> CouponChoice:
    """The coupons that the form chose; the till finds out whether they are this person's."""
    person = person_of(facade(request).services.keyring, present(request).account)
    return CouponChoice(tuple(coupon_id for coupon_id in typed.split(",") if coupon_id), person.key)


def _visit(request: Request) -> Visit:
    agent = request.headers.get("user-agent", "")
    mobile = request.headers.get("sec-ch-ua-mobile") == "?1" or "Mobile" in agent
    return Visit(mobile, request.client.host if request.client else "127.0.0.1")


async def _form(
    request: Request,
    order: OrderRow,
    *,
    faults: dict[str, str] | None = None,
    chosen: str = "",
    no_password: bool = False,
    status: int = 200,
) -> Response:
    payments, signed_in = facade(request), present(request)
    available = (await payments.wallet(signed_in.resident_id)).available
    offered = await payments.coupons.offers(order, person_of(payments.services.keyring, signed_in.account))
    amount = offered.choices[0].left
    choices = [
        choice(channel, locale(request), available=available, amount=amount) for channel in payments.till.offered(order)
    ]
    first = next((choice.id for choice in choices if choice.enough), "")
    return render(
        request,
        "payments/cashier.html",
        status=status,
        order=order_view(order, None),
        for_whom=await for_whom(request, order),
        choices=choices,
        offers=offered,
        unusable=[(unusable.title, say(request, REASON_WORDS[unusable.reason])) for unusable in offered.unusable],
        chosen=chosen or first,
        attempt_key=forms.new_key(payments.services.keyring, session_id=signed_in.session_id, order_id=order.id),
        faults={field: say(request, fault) for field, fault in (faults or {}).items()},
        no_password=no_password,
    )


routes = [
    Route("/cashier/{order_id}", cashier),
    Route("/cashier/{order_id}", pay, methods=["POST"]),
    Route("/cashier/{order_id}/go", go),
    Route("/cashier/{order_id}/code.svg", code),
    Route("/cashier/{order_id}/result", result),
    Route("/cashier/{order_id}/leave", leave, methods=["POST"]),
]
