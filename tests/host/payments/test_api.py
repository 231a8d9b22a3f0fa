"""The platform API of payments as the SDK calls it: the SDK's own client against our routes."""

import asyncio
from dataclasses import dataclass

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.host.payments.conftest import PASSWORD

from yimen_host.core import keeping
from yimen_host.core.clock import ManualClock
from yimen_host.core.errors import HostError
from yimen_host.forgetting import PASTS, forget
from yimen_host.identity.mandates.mandate import Acting
from yimen_host.payments import api
from yimen_host.payments.errors import ConsentNeeded
from yimen_host.payments.facade import Payments
from yimen_host.payments.store import orders
from yimen_sdk.errors import ConsentRequired, InvalidRequest, NotFound, Refused
from yimen_sdk.host import Order, Refund
from yimen_sdk.money import yuan
from yimen_sdk.remote import Calls, RemotePayments


@dataclass(frozen=True)
class Caller:
    """A mini-app that calls, and the resident who lets it."""

    app_id: str
    granted: bool = True
    title: str = "问候"
    publisher: str = "茶叶合作社"
    acting: Acting | None = None

    def need(self, scope: str) -> str:
        if not self.granted:
            raise ConsentNeeded(scope)
        return "ada"

    def need_declared(self, scope: str) -> None:
        return None


class Known:
    """Knows every caller as the one given."""

    def __init__(self, app: ASGIApp, caller: Caller) -> None:
        self._app, self._caller = app, caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            Request(scope).state.caller = self._caller
        await self._app(scope, receive, send)


async def problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HostError)
    return JSONResponse(error.problem(), error.status, media_type="application/problem+json")


def client(payments: Payments, caller: Caller) -> httpx.AsyncClient:
    application = Starlette(
        routes=api.routes, middleware=[Middleware(Known, caller=caller)], exception_handlers={HostError: problem}
    )
    application.state.payments = payments
    return httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://platform")


def sdk(payments: Payments, caller: Caller | None = None) -> RemotePayments:
    """The SDK's own payments over HTTP."""
    return RemotePayments(Calls(client(payments, caller or Caller("greeting")), None))


async def paid(payments: Payments, amount: str = "8.00") -> Order:
    """An order of ada's that she has paid from the wallet."""
    order = await sdk(payments).open_order("一杯茶", yuan(amount))
    async with payments.services.database.transaction() as session:
        row = await orders.find(session, order.id)
    assert row is not None
    await payments.till.pay(row, channel="wallet", form_key="form", password=PASSWORD)
    return await sdk(payments).order(order.id)


async def test_an_order_is_opened_paid_and_fulfilled(payments: Payments) -> None:
    opened = await sdk(payments).open_order("一杯茶", yuan("8.00"), reference="t1")
    settled = await paid(payments)
    fulfilled = [await sdk(payments).fulfil(settled.id) for _ in range(2)]

    assert opened == Order(
        id=opened.id,
        title="一杯茶",
        amount=yuan("8.00"),
        state="open",
        reference="t1",
        cashier_url=f"http://localhost:8080/cashier/{opened.id}",
        receipt_number=None,
        expires_at=opened.expires_at,
    )
    assert (settled.state, settled.receipt_number) == ("paid", "YM2026112100000001")
    assert [order.state for order in fulfilled] == ["fulfilled", "fulfilled"]


async def test_the_same_reference_is_the_same_order(payments: Payments) -> None:
    first = await sdk(payments).open_order("一杯茶", yuan("8.00"), reference="t1")
    again = await asyncio.gather(*(sdk(payments).open_order("一杯茶", yuan("8.00"), reference="t1") for _ in range(8)))

    with pytest.raises(Refused, match="reference t1 belongs to an order with other content"):
        await sdk(payments).open_order("一杯茶", yuan("9.00"), reference="t1")
    another_app = await sdk(payments, Caller("other")).open_order("一杯茶", yuan("9.00"), reference="t1")
    assert again == [first] * 8
    assert another_app.id != first.id


async def test_an_order_of_another_mini_app_is_not_there(payments: Payments) -> None:
    order = await sdk(payments).open_order("一杯茶", yuan("8.00"))
    other = sdk(payments, Caller("other"))

    for call in (other.order(order.id), other.cancel(order.id), other.fulfil(order.id)):
        with pytest.raises(NotFound, match=f"there is no order {order.id}"):
            await call
    with pytest.raises(NotFound):
        await other.refund(order.id, yuan("1.00"), reason="r", key="k")


async def test_without_consent_no_order_is_opened(payments: Payments) -> None:
    with pytest.raises(ConsentRequired) as refused:
        await sdk(payments, Caller("greeting", granted=False)).open_order("一杯茶", yuan("8.00"))

    assert refused.value.scope == "payments.order"


async def test_a_bad_order_hears_every_fault_at_once(payments: Payments) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await sdk(payments).open_order("", yuan("8.00"), reference="x" * 65, return_path="//evil.example")

    assert set(refused.value.faults) == {"title", "reference", "return_path"}


async def test_cancelling_twice_is_no_error_and_after_payment_refused(payments: Payments) -> None:
    order, settled = await sdk(payments).open_order("一杯茶", yuan("8.00")), await paid(payments)

    cancelled = [await sdk(payments).cancel(order.id) for _ in range(2)]

    assert [one.state for one in cancelled] == ["cancelled", "cancelled"]
    with pytest.raises(Refused, match=f"order {settled.id} is paid"):
        await sdk(payments).cancel(settled.id)
    with pytest.raises(Refused, match=f"order {order.id} is cancelled, not paid"):
        await sdk(payments).fulfil(order.id)


async def test_refunds_never_exceed_what_was_paid(payments: Payments) -> None:
    order = await paid(payments, "10.00")

    answers = await asyncio.gather(
        *(sdk(payments).refund(order.id, yuan("3.00"), reason="凉了", key=f"k{n}") for n in range(16)),
        return_exceptions=True,
    )

    done = [answer for answer in answers if isinstance(answer, Refund)]
    assert [refund.state for refund in done] == ["succeeded"] * 3
    assert all(isinstance(answer, Refund | Refused) for answer in answers)
    assert (await sdk(payments).order(order.id)).state == "partially_refunded"
    assert (await payments.wallet("ada")).posted == yuan("99.00")
    last = await sdk(payments).refund(order.id, yuan("1.00"), reason="凉了", key="last")
    assert last.state == "succeeded"
    assert (await sdk(payments).order(order.id)).state == "refunded"
    assert (await payments.wallet("ada")).posted == yuan("100.00")


async def test_the_same_refund_key_is_the_same_refund(payments: Payments) -> None:
    order = await paid(payments)

    first = await sdk(payments).refund(order.id, yuan("3.00"), reason="凉了", key="k")
    again = await sdk(payments).refund(order.id, yuan("3.00"), reason="凉了", key="k")

    assert again == first
    with pytest.raises(InvalidRequest, match="Idempotency-Key k was used for another request"):
        await sdk(payments).refund(order.id, yuan("4.00"), reason="凉了", key="k")
    assert (await payments.wallet("ada")).posted == yuan("95.00")


@pytest.mark.parametrize("later", ["k", '"k"'])
async def test_a_refund_is_known_by_its_key_when_the_answer_is_forgotten(
    payments: Payments, clock: ManualClock, later: str
) -> None:
    raw, place = client(payments, Caller("greeting")), f"/v1/orders/{(await paid(payments)).id}/refunds"
    body = {"amount": {"fen": 300, "currency": "CNY"}, "reason": "凉了"}
    first = await raw.post(place, json=body, headers={"Idempotency-Key": "k"})
    clock.advance(days=keeping.ANSWERS.days, seconds=1)
    for past in PASTS:
        await forget(payments.services, past)

    other = await raw.post(
        place, json=body | {"amount": {"fen": 400, "currency": "CNY"}}, headers={"Idempotency-Key": later}
    )
    again = await raw.post(place, json=body, headers={"Idempotency-Key": later})

    assert (other.status_code, other.json()["code"]) == (409, "reference_taken")
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert (await payments.wallet("ada")).posted == yuan("95.00")


async def test_an_unpaid_order_cannot_be_refunded(payments: Payments) -> None:
    order = await sdk(payments).open_order("一杯茶", yuan("8.00"))

    with pytest.raises(Refused):
        await sdk(payments).refund(order.id, yuan("1.00"), reason="凉了", key="k")


async def test_an_idempotency_key_is_needed_and_replays(payments: Payments) -> None:
    raw, body = client(payments, Caller("greeting")), {"title": "茶", "amount": {"fen": 100, "currency": "CNY"}}

    missing = await raw.post("/v1/orders", json=body)
    first, again = [await raw.post("/v1/orders", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    other = await raw.post("/v1/orders", json=body | {"title": "水"}, headers={"Idempotency-Key": "k"})

    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency_key_missing")
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_second_request_under_a_key_waits_for_the_first(payments: Payments) -> None:
    raw, body = client(payments, Caller("greeting")), {"title": "茶", "amount": {"fen": 100, "currency": "CNY"}}

    answers = await asyncio.gather(
        *(raw.post("/v1/orders", json=body, headers={"Idempotency-Key": "same"}) for _ in range(12))
    )

    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    others = {answer.json()["code"] for answer in answers if answer.status_code != 201}
    assert len(made) == 1
    assert others <= {"idempotency_in_flight"}
