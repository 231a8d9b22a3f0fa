"""Merchants in the consoles: a publisher applies and sees what it is owed; an admin reviews and pays again."""

import csv
import io

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from yimen_host.console.developer import own_app
from yimen_host.console.refusals import shown
from yimen_host.core.errors import Invalid, NotFound
from yimen_host.core.pages import fields, render, say
from yimen_host.identity.sessions import present, with_role
from yimen_host.payments.facade import Payments
from yimen_host.payments.merchants.errors import NoSuchMerchant
from yimen_host.payments.merchants.register import LIMITS, mark
from yimen_host.payments.settlement.models import BatchRow
from yimen_registry import Registry
from yimen_sdk.money import Money
from yimen_sdk.pages import CHINA

MERCHANT_WORDS = {"applied": ("待审核", "warn"), "approved": ("已通过", "good"), "refused": ("未通过", "warn")}
BATCH_WORDS = {
    "closed": ("待付款", "plain"),
    "carried": ("结转下期", "plain"),
    "submitted": ("银行处理中", "plain"),
    "paid": ("已付款", "good"),
    "failed": ("付款失败", "warn"),
}


@shown
async def own(request: Request) -> Response:
    """Show a publisher what its mini-app's merchant is owed; a POST applies, anew or with changes."""
    app_id, payments = await own_app(request), _payments(request)
    typed, faults = dict[str, str](), dict[str, str]()
    if request.method == "POST":
        typed = await fields(request)
        try:
            await payments.merchants.apply(app_id, typed, by=present(request).resident_id)
            return RedirectResponse(request.url.path, 303)
        except Invalid as error:
            faults = {name: say(request, fault) for name, fault in error.faults.items()}
    found = await payments.merchants.find(app_id)
    balance, reserve = await payments.settling.owed(app_id)
    return render(
        request,
        "console/merchant.html",
        status=422 if faults else 200,
        app_id=app_id,
        merchant=found,
        state=MERCHANT_WORDS[found.state] if found else None,
        balance=balance,
        reserve=reserve,
        batches=[_shown(row) for row in await payments.settling.newest(app_id)],
        typed=typed,
        faults=faults,
    )


@shown
async def export(request: Request) -> Response:
    """A batch's lines as a file: each order, refund and what they sum to."""
    app_id, settling = await own_app(request), _payments(request).settling
    row = await settling.find(request.path_params["batch_id"])
    if row.app_id != app_id:
        raise NotFound("there is no such batch")
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["time", "order", "posting", "fen"])
    for at, about, key, fen in await settling.lines(row):
        writer.writerow([at.astimezone(CHINA).isoformat(timespec="seconds"), about, key, fen])
    headers = {"Content-Disposition": f'attachment; filename="{row.id}.csv"'}
    return PlainTextResponse(text.getvalue(), media_type="text/csv", headers=headers)


@shown
async def merchants(request: Request) -> Response:
    """List every merchant, those that wait for a review first."""
    with_role(request, "admin")
    rows = await _payments(request).merchants.all()
    return render(request, "console/merchants.html", merchants=[(row, MERCHANT_WORDS[row.state]) for row in rows])


@shown
async def review(request: Request) -> Response:
    """Show a merchant to an admin; a POST agrees, refuses, or pays a failed batch again."""
    by, app_id, payments = with_role(request, "admin").resident_id, request.path_params["app_id"], _payments(request)
    typed, faults = dict[str, str](), dict[str, str]()
    if request.method == "POST":
        typed = await fields(request)
        try:
            await _act(request, app_id, typed, by)
            return RedirectResponse(request.url.path, 303)
        except Invalid as error:
            faults = {name: say(request, fault) for name, fault in error.faults.items()}
    found = await payments.merchants.find(app_id)
    if found is None:
        raise NoSuchMerchant(app_id)
    balance, reserve = await payments.settling.owed(app_id)
    return render(
        request,
        "console/merchant_review.html",
        status=422 if faults else 200,
        merchant=found,
        state=MERCHANT_WORDS[found.state],
        balance=balance,
        reserve=reserve,
        batches=[_shown(row) for row in await payments.settling.newest(app_id)],
        terms={name: typed.get(name, str(getattr(found, name))) for name in LIMITS},
        seen=mark(found),
        faults=faults,
    )


async def _act(request: Request, app_id: str, typed: dict[str, str], by: str) -> None:
    payments = _payments(request)
    registry: Registry = request.app.state.registry
    publishers = {by} if app_id in {app.id for app in await registry.apps_of(by)} else set()
    seen = typed.get("seen", "")
    match typed.get("act"):
        case "approve":
            await payments.merchants.approve(app_id, typed, by=by, publishers=publishers, seen=seen)
        case "refuse":
            await payments.merchants.refuse(app_id, by=by, publishers=publishers, seen=seen)
        case "pay_again":
            if (await payments.settling.find(typed.get("batch", ""))).app_id != app_id:
                raise NotFound("there is no such batch")
            await payments.settling.pay_again(typed["batch"])
        case _:
            raise Invalid("there is no such act")


def _shown(row: BatchRow) -> tuple[BatchRow, tuple[str, str], dict[str, Money]]:
    names = ("gross", "fee", "reserve", "released", "carried_in", "payout", "carried_out")
    return row, BATCH_WORDS[row.state], {name: Money(getattr(row, f"{name}_fen")) for name in names}


def _payments(request: Request) -> Payments:
    payments: Payments = request.app.state.payments
    return payments


routes = [
    Route("/developer/apps/{app_id}/merchant", own, methods=["GET", "POST"]),
    Route("/developer/apps/{app_id}/merchant/{batch_id}.csv", export),
    Route("/console/merchants", merchants),
    Route("/console/merchants/{app_id}", review, methods=["GET", "POST"]),
]
