"""A mini-app's orders in the developer's console: found, told one by one, and given back by the API's own way."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from yimen_host.console.developer import own_app
from yimen_host.console.refundform import TOO_MUCH, Left, Share, named_sum, read_refund
from yimen_host.console.refusals import shown
from yimen_host.core.errors import Invalid
from yimen_host.core.ids import new_secret
from yimen_host.core.pages import fields, locale, render, say
from yimen_host.payments.errors import NotRefundable, ReferenceTaken
from yimen_host.payments.facade import Payments
from yimen_host.payments.finding import STATE_WORDS, read_finding
from yimen_host.payments.merchants import store as merchants
from yimen_host.payments.merchants.names import code_of
from yimen_host.payments.models import OrderRow
from yimen_host.payments.orders import ORDER, OrderEvent
from yimen_host.payments.refunding import MAX_REASON
from yimen_host.payments.splits import store as splits
from yimen_host.payments.splits.models import RefundPartRow
from yimen_host.payments.store import attempts, orders, receipts, refunds
from yimen_host.payments.store.search import OfApp
from yimen_host.payments.story import Taken, story
from yimen_host.payments.views import order_view
from yimen_host.payments.webhooks import store as webhooks
from yimen_sdk.money import Money

MAX_KEY = 80


@shown
async def listed(request: Request) -> Response:
    """List a mini-app's orders, newest first, all or those that were looked for."""
    app_id, payments, asked = await own_app(request), _payments(request), read_finding(request.query_params)
    page = await payments.orders.page(OfApp(app_id), asked.search, before=request.query_params.get("before"))
    async with payments.services.database.transaction() as session:
        numbers = await receipts.numbers(session, [row.id for row in page.orders])
    return render(
        request,
        "console/orders.html",
        status=422 if asked.fault else 200,
        app_id=app_id,
        orders=[order_view(row, numbers.get(row.id)) for row in page.orders],
        more=asked.onward(page.more) if page.more else None,
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
    key = f"console:{typed.get('key', '')[:MAX_KEY]}"
    try:
        async with payments.services.database.transaction() as session:
            again = await refunds.by_key(session, order.id, key) is not None
            asked = read_refund(typed, await _left(session, order, again=again))
            refund = await payments.refunding.request(
                session, order, asked.amount, reason=asked.reason, key=key, split=asked.split
            )
    except (Invalid, NotRefundable, ReferenceTaken) as error:
        return await _drawn(request, order, typed=typed, faults=_faults(error))
    await payments.refunding.proceed(refund.id)
    return RedirectResponse(request.url.path, 303)


def _faults(error: Invalid | NotRefundable | ReferenceTaken) -> Mapping[str, str]:
    match error:
        case Invalid():
            return error.faults
        case NotRefundable():
            return {"amount": TOO_MUCH}
        case ReferenceTaken():
            return {"form": "这个表单已经提交过，请刷新后再试"}


async def _drawn(
    request: Request,
    order: OrderRow,
    *,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
) -> Response:
    payments, typed = _payments(request), typed or {}
    async with payments.services.database.transaction() as session:
        number = await receipts.of_order(session, order.id)
        tries = await attempts.of_order(session, order.id)
        given_back = [row for row in await refunds.of_order(session, order.id) if not row.late]
        parts = await splits.of_refunds(session, [row.id for row in given_back])
        letters = await webhooks.about(session, order.app_id or "", order.id)
        left = await _left(session, order)
    refundable = bool(left.whole) and order.state in ORDER.sources(OrderEvent.REFUND_ALL)
    names = {share.merchant: share.name for share in left.shares}
    return render(
        request,
        "console/order.html",
        status=422 if faults else 200,
        app_id=order.app_id,
        order=order_view(order, number.number if number else None),
        reference=order.reference,
        story=story(
            order, tries, given_back, letters,
            channels=payments.channels, language=locale(request), parts=_taken(parts, names),
        ),
        left=left,
        refundable=refundable,
        typed_sum=named_sum(typed, left.shares) if (faults or {}).get("split") else None,
        key=new_secret(),
        most=MAX_REASON,
        typed=typed,
        faults={name: say(request, fault) for name, fault in (faults or {}).items()},
    )  # fmt: skip


async def _left(session: AsyncSession, order: OrderRow, *, again: bool = False) -> Left:
    """What an order has left to give back; whoever asks ``again`` for the same refund finds what there was at first."""
    fresh = await orders.find(session, order.id)
    rows = await splits.of_order(session, order.id)
    assert fresh is not None
    names = {row.id: row.legal_name for row in await merchants.of_app(session, order.app_id or "")} if rows else {}
    return Left(
        Money(fresh.amount_fen - (0 if again else fresh.reserved_fen), order.currency),
        [
            Share(
                code_of(row.merchant_id),
                names.get(row.merchant_id, order.payee_title),
                Money(row.fen, order.currency),
                Money(row.fen - (0 if again else row.reserved_fen), order.currency),
            )
            for row in rows
        ],
    )


def _taken(parts: Mapping[str, Sequence[RefundPartRow]], names: Mapping[str, str]) -> dict[str, list[Taken]]:
    """What each refund takes back from whom."""
    return {refund_id: [_from(row, names) for row in rows] for refund_id, rows in parts.items()}


def _from(row: RefundPartRow, names: Mapping[str, str]) -> Taken:
    code = code_of(row.merchant_id)
    return Taken(code, names[code], Money(row.fen))


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
