"""A mini-app's orders in the developer's console: found, told one by one, and given back by the API's own way."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from yimen_host.console.developer import own_app
from yimen_host.console.refusals import shown
from yimen_host.core.errors import HostError, Invalid
from yimen_host.core.ids import new_secret
from yimen_host.core.pages import fields, locale, render, say
from yimen_host.payments.errors import NotRefundable, ReferenceTaken
from yimen_host.payments.facade import Payments
from yimen_host.payments.finding import STATE_WORDS, read_finding
from yimen_host.payments.models import OrderRow
from yimen_host.payments.ordering import PAGE
from yimen_host.payments.orders import ORDER, OrderEvent
from yimen_host.payments.refunding import MAX_REASON
from yimen_host.payments.store import attempts, receipts, refunds
from yimen_host.payments.store.search import OfApp
from yimen_host.payments.story import story
from yimen_host.payments.views import order_view, refund_view
from yimen_host.payments.webhooks import store as webhooks
from yimen_sdk.money import Money, yuan

MAX_KEY = 80


@shown
async def listed(request: Request) -> Response:
    """List a mini-app's orders, newest first, all or those that were looked for."""
    app_id, payments, asked = await own_app(request), _payments(request), read_finding(request.query_params)
    rows = await payments.orders.page(OfApp(app_id), asked.search, before=request.query_params.get("before"))
    async with payments.services.database.transaction() as session:
        numbers = await receipts.numbers(session, [row.id for row in rows])
    return render(
        request,
        "console/orders.html",
        status=422 if asked.fault else 200,
        app_id=app_id,
        orders=[order_view(row, numbers.get(row.id)) for row in rows[:PAGE]],
        more=asked.onward(rows[PAGE - 1].id) if len(rows) > PAGE else None,
        asked=asked,
        states=STATE_WORDS,
    )


@shown
async def one(request: Request) -> Response:
    """Tell an order's story; a POST gives money back, once for each form, however often it is sent."""
    order = await _order(request)
    if request.method == "GET":
        return await _drawn(request, order)
    payments, typed = _payments(request), await fields(request)
    try:
        amount, key = yuan(typed.get("amount", "")), f"console:{typed.get('key', '')[:MAX_KEY]}"
    except ValueError:
        return await _drawn(request, order, typed=typed, faults={"amount": "请输入金额，例如 50 或 50.00"})
    try:
        async with payments.services.database.transaction() as session:
            refund = await payments.refunding.request(session, order, amount, reason=typed.get("reason", ""), key=key)
    except (Invalid, NotRefundable, ReferenceTaken) as error:
        return await _drawn(request, order, typed=typed, faults=_fault(error))
    await payments.refunding.proceed(refund.id)
    return RedirectResponse(request.url.path, 303)


def _fault(error: HostError) -> dict[str, str]:
    match error:
        case NotRefundable():
            return {"amount": "超过还能退的金额"}
        case ReferenceTaken():
            return {"form": "这个表单已经提交过，请刷新后再试"}
        case _:
            return {"reason": "请输入大于零的金额，和1至100个字的原因"}


async def _drawn(
    request: Request, order: OrderRow, *, typed: dict[str, str] | None = None, faults: dict[str, str] | None = None
) -> Response:
    payments = _payments(request)
    async with payments.services.database.transaction() as session:
        number = await receipts.of_order(session, order.id)
        tries = await attempts.of_order(session, order.id)
        given_back = [row for row in await refunds.of_order(session, order.id) if not row.late]
        letters = await webhooks.about(session, order.app_id or "", order.id)
    left = Money(order.amount_fen - order.reserved_fen, order.currency)
    refundable = bool(left) and order.state in ORDER.sources(OrderEvent.REFUND_ALL)
    return render(
        request,
        "console/order.html",
        status=422 if faults else 200,
        app_id=order.app_id,
        order=order_view(order, number.number if number else None),
        reference=order.reference,
        refunds=[refund_view(row) for row in given_back],
        story=story(order, tries, given_back, letters, channels=payments.channels, language=locale(request)),
        left=left if refundable else None,
        key=new_secret(),
        most=MAX_REASON,
        typed=typed or {},
        faults={name: say(request, fault) for name, fault in (faults or {}).items()},
    )


async def _order(request: Request) -> OrderRow:
    app_id, payments = await own_app(request), _payments(request)
    async with payments.services.database.transaction() as session:
        return await payments.orders.of_app(session, request.path_params["order_id"], app_id)


def _payments(request: Request) -> Payments:
    found: Payments = request.app.state.payments
    return found


routes = [
    Route("/developer/apps/{app_id}/orders", listed),
    Route("/developer/apps/{app_id}/orders/{order_id}", one, methods=["GET", "POST"]),
]
