"""The pages: linked accounts, one account with its bills, and one payment."""

import re
import unicodedata
import uuid
from dataclasses import dataclass

from yimen_sdk import ConsentRequired, NotFound, Order, Request, Response, TryLater
from yimen_utilities import tariff
from yimen_utilities.app import app, store
from yimen_utilities.biller import Account, Bill, Biller
from yimen_utilities.chart import bars
from yimen_utilities.payment import UNDER_WAY, State
from yimen_utilities.store import Linked, Payment

RELATIONS = ("self", "parent", "other")
NUMBER = re.compile(r"[0-9]{10}")
MONTHS = 12


@dataclass(frozen=True)
class Typed:
    """What a resident typed into the form; it is shown again when something is wrong."""

    number: str = ""
    relation: str = RELATIONS[0]


@dataclass(frozen=True)
class Fault:
    """What is wrong with one field: a message of the catalogue."""

    field: str
    message: str


@dataclass(frozen=True)
class Shown:
    """A bill as the page shows it: the company's amount, how it comes about by the tariff, and its payment."""

    bill: Bill
    charge: tariff.Charge
    before: int
    payment: Payment | None

    @property
    def agrees(self) -> bool:
        """Whether the company's amount is what the tariff gives."""
        return self.charge.amount == self.bill.amount


@app.get("/")
async def home(request: Request) -> Response:
    """List the linked accounts, and the form to link one more."""
    return await _home(request, Typed(), faults={})


@app.post("/accounts")
async def link(request: Request) -> Response:
    """Link an account by its number, after asking the company whether it knows it."""
    form = await request.form(max_files=0, max_fields=10)
    number = re.sub(r"\s", "", unicodedata.normalize("NFKC", str(form.get("number", ""))))
    typed = Typed(number, str(form.get("relation", "")))
    found = await _look_up(request, typed)
    if isinstance(found, Fault):
        return await _home(request, typed, faults={found.field: request.gettext(found.message)})
    await store.link(request.resident.sub, Linked(number, typed.relation, found.holder, found.address))
    return request.redirect(f"/accounts/{number}")


@app.post("/accounts/{number}/unlink")
async def unlink(request: Request) -> Response:
    """Forget a linked account."""
    await store.unlink(request.resident.sub, request.path_params["number"])
    return request.redirect("/")


@app.get("/accounts/{number}")
async def account(request: Request) -> Response:
    """Show one account: what is to pay, how it came about, the last twelve months, and earlier payments."""
    linked = await _linked(request)
    payments = await store.payments(request.resident.sub, linked.number)
    try:
        bills = await Biller(request.host).bills(linked.number)
    except TryLater:
        return request.page("account.html", linked=linked, bills=None, bars=[], payments=payments, tariff=None)
    rates = tariff.load()
    used = {bill.period: bill.kwh for bill in bills}
    open_ = {p.period: p for p in payments if p.state in UNDER_WAY}
    due = [_shown(bill, used, rates, open_.get(bill.period)) for bill in bills if not bill.paid]
    months = [(bill.period, bill.kwh) for bill in bills[:MONTHS]][::-1]
    return request.page("account.html", linked=linked, bills=due, bars=bars(months), payments=payments, tariff=rates)


@app.post("/accounts/{number}/bills/{period}/pay")
async def pay(request: Request) -> Response:
    """Begin to pay a bill, or go on with the payment that is under way, and lead to the cashier."""
    linked = await _linked(request)
    period = request.path_params["period"]
    if not request.resident.may("payments.order"):
        raise ConsentRequired("payments.order")
    bill = next((b for b in await Biller(request.host).bills(linked.number) if b.period == period), None)
    if bill is None:
        raise NotFound(f"account {linked.number} has no bill {period}")
    if bill.paid:
        return request.redirect(f"/accounts/{linked.number}")
    acting = request.resident.acting
    fresh = Payment(
        f"bill_{uuid.uuid4().hex}",
        request.resident.sub,
        linked.number,
        period,
        bill.amount.fen,
        State.CREATED,
        None,
        "",
        acting.sub if acting else None,
    )
    payment = await store.begin(fresh)
    if (payment.resident, payment.payer) != (fresh.resident, fresh.payer) or payment.state != State.CREATED:
        return request.redirect(f"/accounts/{linked.number}?busy={period}")
    return request.redirect((await _order(request, payment)).cashier_url)


@app.get("/payments/{payment}")
async def payment(request: Request) -> Response:
    """Show one payment as it truly stands."""
    found = await store.payment(request.path_params["payment"])
    if found is None or found.resident != request.resident.sub:
        raise NotFound("there is no such payment")
    order = await request.host.payments.order(found.order_id) if found.order_id else None
    return request.page("payment.html", payment=found, order=order)


async def _home(request: Request, typed: Typed, *, faults: dict[str, str]) -> Response:
    accounts = await store.accounts(request.resident.sub)
    return request.page("home.html", status=422 if faults else 200, accounts=accounts, faults=faults, typed=typed)


async def _look_up(request: Request, typed: Typed) -> Account | Fault:
    if not NUMBER.fullmatch(typed.number):
        return Fault("number", "户号是10位数字，印在电费单左上角")
    if typed.relation not in RELATIONS:
        return Fault("relation", "请选择是谁家的电表")
    try:
        found = await Biller(request.host).account(typed.number)
    except TryLater:
        return Fault("number", "供电公司暂时没有回应，请稍后再试")
    return found or Fault("number", "供电公司没有这个户号，请核对")


async def _linked(request: Request) -> Linked:
    number = request.path_params["number"]
    for linked in await store.accounts(request.resident.sub):
        if linked.number == number:
            return linked
    raise NotFound(f"{number} is not linked")


async def _order(request: Request, payment: Payment) -> Order:
    """The order that pays for it. Its title is in the language it was opened in, so it is not asked for anew."""
    if payment.order_id is not None:
        return await request.host.payments.order(payment.order_id)
    order = await request.host.payments.open_order(
        request.gettext("电费 {period} 户号{number}").format(period=payment.period, number=payment.number),
        payment.amount,
        reference=payment.id,
        return_path=f"/payments/{payment.id}",
    )
    await store.note_order(payment, order.id)
    return order


def _shown(bill: Bill, used: dict[str, int], rates: tariff.Tariff, under_way: Payment | None) -> Shown:
    before = tariff.used_before(used, bill.period, rates)
    return Shown(bill, tariff.charge(rates, before=before, kwh=bill.kwh), before, under_way)
