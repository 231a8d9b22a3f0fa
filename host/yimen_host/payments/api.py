"""The platform API of payments: what a mini-app may ask for, as JSON. The caller is known before a route runs."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yimen_host.core.reading import read_body, read_query
from yimen_host.payments.bodies import OrderBody, RefundBody, SearchQuery
from yimen_host.payments.calls import MAX_BODY, SCOPE, caller_of, do_once, payments_of
from yimen_host.payments.facade import Payments
from yimen_host.payments.idempotency import key_of
from yimen_host.payments.merchants import api as merchants
from yimen_host.payments.merchants.names import code_of
from yimen_host.payments.models import OrderRow, RefundRow
from yimen_host.payments.ordering import NewOrder, Payee
from yimen_host.payments.splits import store as splits
from yimen_host.payments.splits.models import OrderPartRow, RefundPartRow
from yimen_host.payments.store import receipts, refunds, search


async def open_order(request: Request) -> Response:
    """Open an order for the present resident."""
    caller, payments = caller_of(request), payments_of(request)
    resident_id = caller.need(SCOPE)
    body = await read_body(request, OrderBody, most=MAX_BODY)
    split = tuple(part.part for part in body.split)
    new = NewOrder(body.title, body.amount.money, body.reference, body.return_path, split)
    payee = Payee(caller.app_id, caller.title, caller.publisher)

    async def effect(session: AsyncSession) -> dict[str, Any]:  # Any: JSON
        return {"order": (await payments.orders.open(session, new, payee, resident_id, caller.acting)).id}

    about = f"{resident_id} {caller.acting.delegate_id}" if caller.acting else resident_id
    return await _order_answer(request, (await do_once(request, effect, about=about))["order"], status=201)


async def list_orders(request: Request) -> Response:
    """Answer with this mini-app's orders that match, those opened first first."""
    caller, payments = caller_of(request), payments_of(request)
    caller.need_declared(SCOPE)
    asked = read_query(request, SearchQuery)
    async with payments.services.database.transaction() as session:
        after = await payments.orders.of_app(session, asked.after, caller.app_id) if asked.after else None
        states = (asked.state,) if asked.state else ()
        wanted = search.Search(asked.reference, states, asked.created_from, after=after)
        found = await search.found(session, search.OfApp(caller.app_id), wanted, asked.limit)
        numbers = await receipts.numbers(session, [order.id for order in found])
        parts = await splits.of_orders(session, [order.id for order in found if order.split])
    told = [_order_json(payments, order, numbers.get(order.id), parts.get(order.id, ())) for order in found]
    return JSONResponse({"orders": told})


async def show_order(request: Request) -> Response:
    """Answer with an order of this mini-app."""
    return await _order_answer(request, request.path_params["order_id"])


async def fulfil(request: Request) -> Response:
    """Say that what was paid for was delivered."""
    payments = payments_of(request)

    async def effect(session: AsyncSession) -> dict[str, Any]:  # Any: JSON
        return {"order": (await payments.orders.fulfil(session, await _order(request, session))).id}

    return await _order_answer(request, (await do_once(request, effect))["order"])


async def cancel(request: Request) -> Response:
    """Cancel an order that is still open."""
    payments = payments_of(request)

    async def effect(session: AsyncSession) -> dict[str, Any]:  # Any: JSON
        return {"order": (await payments.orders.cancel(session, await _order(request, session))).id}

    return await _order_answer(request, (await do_once(request, effect))["order"])


async def refund(request: Request) -> Response:
    """Give back part or all of a paid order. The Idempotency-Key is the refund's own key."""
    payments = payments_of(request)
    body = await read_body(request, RefundBody, most=MAX_BODY)

    async def effect(session: AsyncSession) -> dict[str, Any]:  # Any: JSON
        order = await _order(request, session)
        row = await payments.refunding.request(
            session,
            order,
            body.amount.money,
            reason=body.reason,
            key=key_of(request.headers),
            split=[part.part for part in body.split],
        )
        return {"refund": row.id}

    refund_id = (await do_once(request, effect))["refund"]
    row = await payments.refunding.proceed(refund_id)
    async with payments.services.database.transaction() as session:
        parts = await splits.of_refund(session, row.id)
    return JSONResponse(_refund_json(row, parts), 201)


async def list_refunds(request: Request) -> Response:
    """Answer with the refunds of an order of this mini-app."""
    async with payments_of(request).services.database.transaction() as session:
        order = await _order(request, session)
        found = [row for row in await refunds.of_order(session, order.id) if not row.late]
        parts = await splits.of_refunds(session, [row.id for row in found])
    return JSONResponse({"refunds": [_refund_json(row, parts.get(row.id, ())) for row in found]})


async def _order(request: Request, session: AsyncSession) -> OrderRow:
    caller = caller_of(request)
    caller.need_declared(SCOPE)
    return await payments_of(request).orders.of_app(session, request.path_params["order_id"], caller.app_id)


async def _order_answer(request: Request, order_id: str, *, status: int = 200) -> Response:
    """The order as it stands now: an answer that is repeated tells today's truth, not yesterday's."""
    request.path_params["order_id"] = order_id
    payments = payments_of(request)
    async with payments.services.database.transaction() as session:
        order = await _order(request, session)
        receipt = await receipts.of_order(session, order.id)
        parts = await splits.of_order(session, order.id) if order.split else ()
    return JSONResponse(_order_json(payments, order, receipt.number if receipt else None, parts), status)


def _order_json(
    payments: Payments, order: OrderRow, receipt: str | None, parts: Sequence[OrderPartRow]
) -> dict[str, Any]:  # Any: JSON
    return {
        "id": order.id,
        "title": order.title,
        "amount": {"fen": order.amount_fen, "currency": order.currency},
        "state": order.state,
        "reference": order.reference,
        "cashier_url": f"{payments.services.settings.portal_origin}/cashier/{order.id}",
        "receipt_number": receipt,
        "expires_at": order.expires_at.isoformat(),
        "split": _parts_json(parts, order.currency),
    }


def _refund_json(row: RefundRow, parts: Sequence[RefundPartRow]) -> dict[str, Any]:  # Any: JSON
    return {
        "id": row.id,
        "order_id": row.order_id,
        "amount": {"fen": row.amount_fen, "currency": row.currency},
        "state": row.state,
        "split": _parts_json(parts, row.currency),
    }


def _parts_json(
    parts: Sequence[OrderPartRow] | Sequence[RefundPartRow], currency: str
) -> list[dict[str, Any]]:  # Any: JSON
    return [
        {"merchant": code_of(part.merchant_id), "amount": {"fen": part.fen, "currency": currency}} for part in parts
    ]


routes = [
    Route("/v1/orders", open_order, methods=["POST"]),
    Route("/v1/orders", list_orders),
    Route("/v1/orders/{order_id}", show_order),
    Route("/v1/orders/{order_id}/fulfil", fulfil, methods=["POST"]),
    Route("/v1/orders/{order_id}/cancel", cancel, methods=["POST"]),
    Route("/v1/orders/{order_id}/refunds", refund, methods=["POST"]),
    Route("/v1/orders/{order_id}/refunds", list_refunds),
    *merchants.routes,
]
