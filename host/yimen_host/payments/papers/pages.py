"""A receipt as PDF for the one who paid, and the page on which anyone who holds a paper has it checked."""

from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yimen_host.core.errors import TooMany
from yimen_host.core.pages import attachment, locale, render, say
from yimen_host.identity.accounts import Accounts
from yimen_host.payments.cashier import facade, order_of
from yimen_host.payments.papers.archive import Archive
from yimen_host.payments.papers.receipt import Paper, Receipt, RedReceipt, discreet
from yimen_host.payments.papers.seal import fits, seal
from yimen_host.payments.papers.sheet import Check, sheet
from yimen_sdk.pages import CHINA

MAX_TYPED = 60


async def receipt(request: Request) -> Response:
    """The receipt of a paid order, printed as things stand now."""
    order = await order_of(request)
    return await _printed(request, await _archive(request).of_order(order))


async def red_receipt(request: Request) -> Response:
    """The red receipt of a refund."""
    order = await order_of(request)
    return await _printed(request, await _archive(request).of_refund(order, request.path_params["refund_id"]))


async def check(request: Request) -> Response:
    """Say whether we issued the paper of this number and code, and what stands on it; ask for both when one is missing.

    A number that was never given and a wrong code are one answer.
    """
    number, code = (request.query_params.get(name, "").strip()[:MAX_TYPED] for name in ("number", "code"))
    if not number or not code:
        return render(request, "payments/receipt_check.html", number=number, code=code, paper=None, forged=False)
    services, patience = facade(request).services, facade(request).patience
    who = request.client.host if request.client else ""
    if not patience.has(who, services.clock.now()):
        raise TooMany("核验次数过多，请几分钟后再试")
    paper = await _archive(request).by_number(number)
    if paper is None or not fits(services.keyring, paper, code):
        patience.lose(who, services.clock.now())
        return render(
            request, "payments/receipt_check.html", status=404, number=number, code=code, paper=None, forged=True
        )
    return render(
        request,
        "payments/receipt_check.html",
        number=number,
        code=code,
        forged=False,
        paper=paper,
        receipt=paper if isinstance(paper, Receipt) else paper.original,
        red=isinstance(paper, RedReceipt),
        payer=discreet((paper if isinstance(paper, Receipt) else paper.original).payer),
    )


async def _printed(request: Request, paper: Paper | None) -> Response:
    if paper is None:
        raise HTTPException(404)
    facts = sheet(paper, _check(request, paper), language=locale(request), say=lambda message: say(request, message))
    day = paper.issued_at.astimezone(CHINA).date()
    pdf = await facade(request).press.print("receipt.typ", facts, day=day)
    return attachment(pdf, name=paper.number, title=facts["title"])


def _check(request: Request, paper: Paper) -> Check:
    services = facade(request).services
    address, code = f"{services.settings.portal_origin}/receipts", seal(services.keyring, paper)
    asked = urlencode({"number": paper.number, "code": code})
    return Check(f"{address}?{asked}", address.split("://")[1], code)


def _archive(request: Request) -> Archive:
    accounts: Accounts = request.app.state.accounts

    async def name_of(resident_id: str) -> str:
        account = await accounts.account(resident_id)
        return account.display_name if account else resident_id

    return Archive(facade(request), name_of)


routes = [
    Route("/payments/{order_id}/receipt.pdf", receipt),
    Route("/payments/{order_id}/refunds/{refund_id}.pdf", red_receipt),
    Route("/receipts", check),
]
