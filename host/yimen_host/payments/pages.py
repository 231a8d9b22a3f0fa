"""A resident's pages about money: what was paid, each payment, the wallet. The cashier and the pretend bank join in."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from yimen_host.core.errors import Invalid
from yimen_host.core.pages import fields, render, say
from yimen_host.identity.sessions import present
from yimen_host.payments import cashier, statement_pages
from yimen_host.payments import console_pages as refund_console
from yimen_host.payments.cashier import facade, order_of, paid_by_coupons
from yimen_host.payments.channels.sandbox_bank import pages as sandbox_bank
from yimen_host.payments.chart import wallet as wallet_account
from yimen_host.payments.coupons import console_pages as coupon_console
from yimen_host.payments.coupons import pages as coupons
from yimen_host.payments.errors import NoticeRefused
from yimen_host.payments.finding import STATE_WORDS, read_finding
from yimen_host.payments.ledger import books
from yimen_host.payments.papers import pages as papers
from yimen_host.payments.reconciliation import console_pages as reconciliation
from yimen_host.payments.store import attempts, orders, receipts, refunds, search
from yimen_host.payments.store.search import OfResident
from yimen_host.payments.views import order_view, refund_view
from yimen_sdk.money import yuan

MAX_NOTICE = 64 * 1024
WALLET_LINES = 20


async def payments(request: Request) -> Response:
    """List a resident's orders, newest first, all or those that were looked for."""
    own, signed_in, asked = facade(request), present(request), read_finding(request.query_params)
    owner = OfResident(signed_in.resident_id)
    page = await own.orders.page(owner, asked.search, before=request.query_params.get("before"))
    async with own.services.database.transaction() as session:
        numbers = await receipts.numbers(session, [row.id for row in page.orders])
        payees = await search.payees(session, signed_in.resident_id)
    return render(
        request,
        "payments/list.html",
        status=422 if asked.fault else 200,
        orders=[order_view(row, numbers.get(row.id)) for row in page.orders],
        more=asked.onward(page.more) if page.more else None,
        asked=asked,
        states=STATE_WORDS,
        payees=payees,
    )


async def payment(request: Request) -> Response:
    """Show one order with its receipt number and its refunds."""
    order = await order_of(request)
    async with facade(request).services.database.transaction() as session:
        receipt = await receipts.of_order(session, order.id)
        given_back = [refund_view(row) for row in await refunds.of_order(session, order.id)]
        tries = await attempts.of_order(session, order.id)
    shown = order_view(order, receipt.number if receipt else None)
    by_coupons = await paid_by_coupons(request, tries) if shown.paid else None
    return render(
        request,
        "payments/detail.html",
        order=shown,
        refunds=given_back,
        paid_by_coupons=by_coupons,
        for_whom=await cashier.for_whom(request, order),
    )


async def wallet(request: Request) -> Response:
    """Show what is in the wallet and its last lines."""
    return await _wallet(request)


async def top_up(request: Request) -> Response:
    """Open an order that fills the wallet, and lead to the cashier."""
    signed_in, typed = present(request), (await fields(request)).get("amount", "")
    try:
        order = await facade(request).orders.open_top_up(signed_in.resident_id, yuan(typed))
    except Invalid as error:
        return await _wallet(request, typed=typed, fault=error.message)
    except ValueError:
        return await _wallet(request, typed=typed, fault="请输入金额，例如 50 或 50.00")
    return RedirectResponse(f"/cashier/{order.id}", 303)


async def notice(request: Request) -> Response:
    """Hear a channel's signed notice. Whoever cannot sign changes nothing. The answer is in the channel's own form."""
    payments, channel_id = facade(request), request.path_params["channel_id"]
    if channel_id not in payments.channels:
        raise HTTPException(404)
    refused = None
    try:
        await payments.till.hear(channel_id, request.headers, await _notice_body(request))
    except NoticeRefused as error:
        refused = error.message
    reply = payments.channels[channel_id].reply(refused)
    return Response(reply.body, reply.status, media_type=reply.media_type)


async def _notice_body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_NOTICE:
            raise NoticeRefused("the notice is too long")
    return bytes(body)


async def _wallet(request: Request, *, typed: str = "", fault: str | None = None) -> Response:
    own, signed_in = facade(request), present(request)
    balance = await own.wallet(signed_in.resident_id)
    async with own.services.database.transaction() as session:
        lines = await books.statement(session, wallet_account(signed_in.resident_id), limit=WALLET_LINES)
        titles = await orders.titles(session, {line.about for line in lines})
    return render(
        request,
        "payments/wallet.html",
        status=422 if fault else 200,
        balance=balance,
        lines=[(line, titles.get(line.about)) for line in lines],
        typed=typed,
        fault=say(request, fault) if fault else None,
    )


routes = [
    *papers.routes,
    Route("/payments", payments),
    Route("/payments/{order_id}", payment),
    Route("/wallet", wallet),
    Route("/wallet/top-up", top_up, methods=["POST"]),
    Route("/v1/callbacks/{channel_id}", notice, methods=["POST"]),
    *statement_pages.routes,
    *cashier.routes,
    *coupons.routes,
    *reconciliation.routes,
    *refund_console.routes,
    *coupon_console.routes,
    *sandbox_bank.routes,
]
