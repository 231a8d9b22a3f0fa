"""Merchants in the consoles: a publisher applies and sees what it is owed; an admin reviews and pays again."""

import csv
import io
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from yimen_host.console.developer import own_app
from yimen_host.console.refusals import shown
from yimen_host.core.errors import Invalid, NotFound
from yimen_host.core.pages import fields, locale, render, say
from yimen_host.identity.sessions import present, with_role
from yimen_host.payments.facade import Payments
from yimen_host.payments.merchants.errors import NoSuchMerchant
from yimen_host.payments.merchants.fees import ANY
from yimen_host.payments.merchants.models import MerchantFeeRow, MerchantRow
from yimen_host.payments.merchants.names import app_of, merchant_id
from yimen_host.payments.merchants.register import mark
from yimen_host.payments.merchants.terms import LIMITS
from yimen_host.payments.settlement.models import BatchRow
from yimen_host.runtime.directory import LiveDirectory
from yimen_registry import Registry
from yimen_sdk.manifest.category import CATEGORY_TITLES
from yimen_sdk.money import Money
from yimen_sdk.pages import CHINA
from yimen_sdk.split import SELF, is_code

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
    """Show a publisher what a merchant of its mini-app is owed; a POST applies, anew or with changes."""
    app_id, payments = await own_app(request), _payments(request)
    code = request.path_params.get("code", SELF)
    if code != SELF and not is_code(code):
        raise NotFound("there is no such merchant")
    typed, faults = dict[str, str](), dict[str, str]()
    if request.method == "POST":
        typed = await fields(request)
        try:
            await payments.merchants.apply(app_id, typed, by=present(request).resident_id, code=code)
            return RedirectResponse(request.url.path, 303)
        except Invalid as error:
            faults = {name: say(request, fault) for name, fault in error.faults.items()}
    id_ = merchant_id(app_id, code)
    found = await payments.merchants.find(id_)
    balance, reserve = await payments.settling.owed(id_)
    others = [row for row in await payments.merchants.of_app(app_id) if row.code != SELF] if code == SELF else []
    return render(
        request,
        "console/merchant.html",
        status=422 if faults else 200,
        app_id=app_id,
        code=code,
        own=code == SELF,
        kind=_kinds(request).get(found.kind) if found else None,
        fees=_fees(request, await payments.merchant_fees.all(id_)),
        others=[(row, MERCHANT_WORDS[row.state]) for row in others],
        merchant=found,
        state=MERCHANT_WORDS[found.state] if found else None,
        balance=balance,
        reserve=reserve,
        batches=[_shown(row) for row in await payments.settling.newest(id_)],
        typed=typed,
        faults=faults,
    )


@shown
async def other(request: Request) -> Response:
    """Lead to the sub-merchant whose code was typed."""
    app_id, code = await own_app(request), request.query_params.get("code", "").strip()
    if not is_code(code):
        return RedirectResponse(f"/developer/apps/{app_id}/merchant", 303)
    return RedirectResponse(f"/developer/apps/{app_id}/merchants/{code}", 303)


@shown
async def export(request: Request) -> Response:
    """A batch's lines as a file: each order, refund and what they sum to."""
    app_id, settling = await own_app(request), _payments(request).settling
    row = await settling.find(request.path_params["batch_id"])
    if app_of(row.merchant_id) != app_id:
        raise NotFound("there is no such batch")
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["time", "order", "posting", "fen", "fee_fen"])
    for line in await settling.lines(row):
        at = line.at.astimezone(CHINA).isoformat(timespec="seconds")
        writer.writerow([at, line.about, line.key, line.fen, line.fee_fen])
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
    """Show a merchant to an admin; a POST agrees, refuses, settles now, or pays a failed batch again."""
    by, id_, payments = with_role(request, "admin").resident_id, request.path_params["merchant_id"], _payments(request)
    typed, faults = dict[str, str](), dict[str, str]()
    if request.method == "POST":
        typed = await fields(request)
        try:
            await _act(request, id_, typed, by)
            return RedirectResponse(request.url.path, 303)
        except Invalid as error:
            faults = {name: say(request, fault) for name, fault in error.faults.items()}
    found = await payments.merchants.find(id_)
    if found is None:
        raise NoSuchMerchant(id_)
    balance, reserve = await payments.settling.owed(id_)
    fees = await payments.merchant_fees.all(id_)
    return render(
        request,
        "console/merchant_review.html",
        status=422 if faults else 200,
        merchant=found,
        state=MERCHANT_WORDS[found.state],
        balance=balance,
        reserve=reserve,
        batches=[_shown(row) for row in await payments.settling.newest(id_)],
        terms={**_proposed(request, found, _rate(fees)), **typed},
        kinds=_kinds(request),
        seen=mark(found),
        faults=faults,
        fees=_fees(request, fees),
        channels={id_: _channel(request, id_) for id_ in (ANY, *payments.channels)},
        typed={"from_day": payments.reconciling.today().isoformat(), **typed},
    )


async def _act(request: Request, id_: str, typed: dict[str, str], by: str) -> None:
    payments = _payments(request)
    registry: Registry = request.app.state.registry
    publishers = {by} if app_of(id_) in {app.id for app in await registry.apps_of(by)} else set()
    seen = typed.get("seen", "")
    match typed.get("act"):
        case "approve":
            await payments.merchants.approve(id_, typed, by=by, publishers=publishers, seen=seen)
        case "refuse":
            await payments.merchants.refuse(id_, by=by, publishers=publishers, seen=seen)
        case "pay_again":
            if (await payments.settling.find(typed.get("batch", ""))).merchant_id != id_:
                raise NotFound("there is no such batch")
            await payments.settling.pay_again(typed["batch"])
        case "fee":
            await payments.merchant_fees.agree(id_, typed, by=by, publishers=publishers, channels=[*payments.channels])
        case "settle_now":
            await payments.settling.settle_now(id_)
        case _:
            raise Invalid("there is no such act")


def _proposed(request: Request, row: MerchantRow, fee_bp: int) -> dict[str, str]:
    """What the form begins with: the agreed terms; of one without any, what its mini-app's manifest says."""
    directory: LiveDirectory = request.app.state.directory
    release = directory.main(row.app_id)
    kind, regions = row.kind, row.regions
    if not kind and release is not None:
        kind, regions = release.manifest.category.value, list(release.manifest.regions)
    return {
        "kind": kind,
        "regions": " ".join(regions),
        **{name: str(getattr(row, name)) for name in LIMITS if name != "fee_bp"},
        "fee_bp": str(fee_bp),
    }


def _rate(fees: Sequence[MerchantFeeRow]) -> int:
    """The newest fee of all channels, in basis points."""
    return next((row.fee_bp for row in fees if row.channel == ANY), 0)


def _fees(
    request: Request, rows: Sequence[MerchantFeeRow]
) -> list[tuple[MerchantFeeRow, str, Money | None, Money | None]]:
    """Each fee with its channel, and its least and most where it has any."""
    return [
        (
            row,
            _channel(request, row.channel),
            Money(row.least_fen) if row.least_fen else None,
            None if row.most_fen is None else Money(row.most_fen),
        )
        for row in rows
    ]


def _channel(request: Request, channel: str) -> str:
    """What people read of a channel that a fee is for."""
    if channel == ANY:
        return say(request, "所有渠道")
    return _payments(request).channels[channel].title.in_(locale(request))


def _kinds(request: Request) -> dict[str, str]:
    return {category.value: title.in_(locale(request)) for category, title in CATEGORY_TITLES.items()}


def _shown(row: BatchRow) -> tuple[BatchRow, tuple[str, str], dict[str, Money]]:
    names = ("gross", "fee", "reserve", "released", "carried_in", "payout", "carried_out")
    return row, BATCH_WORDS[row.state], {name: Money(getattr(row, f"{name}_fen")) for name in names}


def _payments(request: Request) -> Payments:
    payments: Payments = request.app.state.payments
    return payments


routes = [
    Route("/developer/apps/{app_id}/merchant", own, methods=["GET", "POST"]),
    Route("/developer/apps/{app_id}/merchant/{batch_id}.csv", export),
    Route("/developer/apps/{app_id}/merchants", other),
    Route("/developer/apps/{app_id}/merchants/{code}", own, methods=["GET", "POST"]),
    Route("/console/merchants", merchants),
    Route("/console/merchants/{merchant_id}", review, methods=["GET", "POST"]),
]
