"""After the resident has paid: the power company is told, asked while it is silent, and never guessed about."""

import asyncio
from dataclasses import replace

import pytest

from yimen_sdk import TryLater, Unknown, yuan
from yimen_sdk.testing import FakeHost, SentNotice
from yimen_utilities.biller import BASE
from yimen_utilities.payment import Happens, State
from yimen_utilities.settling import StillUncertain, settle
from yimen_utilities.store import Payment, Store

PAY, OUTCOME = f"POST {BASE}/payments", f"GET {BASE}/payments/bill_1"
VALUES = {"number": "0520100001", "period": "2026-09", "amount": "136.68"}


async def paid(host: FakeHost, store: Store, *, id: str = "bill_1", resident: str = "ada") -> tuple[Payment, str]:
    """A payment that was begun and paid at the cashier, and its order."""
    payment = await store.begin(Payment(id, resident, "0520100001", "2026-09", 13668, State.CREATED, None, ""))
    context = host.accompanied_by(resident)
    order = await context.payments.open_order("电费", payment.amount, reference=id)
    host.settle(order.id)
    return payment, order.id


def told(host: FakeHost, request: str = PAY) -> list[object]:
    """What the power company was sent."""
    return [call.json for call in host.calls if f"{call.method} {call.url}" == request]


async def test_a_confirmed_payment_is_fulfilled_and_told(host: FakeHost, store: Store) -> None:
    payment, order = await paid(host, store)
    host.answer("POST", f"{BASE}/payments", {"outcome": "confirmed", "reason": ""})

    settled = await settle(payment, order, host, store)

    assert settled == replace(payment, state="confirmed", order_id=order)
    assert told(host) == [{"sequence": "bill_1", "number": "0520100001", "period": "2026-09", "fen": 13668}]
    assert (host.orders[order].state, host.refunds) == ("fulfilled", {})
    assert host.sent == [SentNotice("confirmed", "ada", VALUES)]


@pytest.mark.parametrize("reason", ["already_paid", "wrong_amount", "no_such_bill"])
async def test_a_rejected_payment_is_given_back(host: FakeHost, store: Store, reason: str) -> None:
    payment, order = await paid(host, store)
    host.answer("POST", f"{BASE}/payments", {"outcome": "rejected", "reason": reason})

    settled = await settle(payment, order, host, store)

    assert (settled.state, settled.reason) == ("rejected", reason)
    assert [(r.order_id, r.amount) for r in host.refunds.values()] == [(order, yuan("136.68"))]
    assert host.sent == [SentNotice("returned", "ada", VALUES)]


@pytest.mark.parametrize("silence", [Unknown("no answer"), 500, 502])
async def test_silence_is_uncertain_and_moves_no_money(host: FakeHost, store: Store, silence: Exception | int) -> None:
    payment, order = await paid(host, store)
    if isinstance(silence, int):
        host.answer("POST", f"{BASE}/payments", {}, silence)

    with pytest.raises(StillUncertain):
        await settle(payment, order, host, store)

    assert await store.payment("bill_1") == replace(payment, state="uncertain", order_id=order)
    assert (host.orders[order].state, host.refunds, host.sent) == ("paid", {}, [])


@pytest.mark.parametrize(
    ("outcome", "state", "order_state"),
    [
        ("confirmed", "confirmed", "fulfilled"),
        ("rejected", "rejected", "refunded"),
        ("reversed", "reversed", "refunded"),
    ],
)
async def test_after_silence_it_asks_and_believes_the_answer(
    host: FakeHost, store: Store, outcome: str, state: str, order_state: str
) -> None:
    payment, order = await paid(host, store)
    with pytest.raises(StillUncertain):
        await settle(payment, order, host, store)
    host.answer("GET", f"{BASE}/payments/bill_1", {"outcome": outcome, "reason": ""})

    settled = await settle(payment, order, host, store)

    assert (settled.state, host.orders[order].state, len(told(host))) == (state, order_state, 1)


async def test_what_was_never_heard_of_is_told_again_under_the_same_number(host: FakeHost, store: Store) -> None:
    payment, order = await paid(host, store)
    with pytest.raises(StillUncertain):
        await settle(payment, order, host, store)
    host.answer("GET", f"{BASE}/payments/bill_1", {"error": "no_such_payment"}, 404)
    host.answer("POST", f"{BASE}/payments", {"outcome": "confirmed", "reason": ""})

    settled = await settle(payment, order, host, store)

    first, second = told(host)
    assert (settled.state, first) == ("confirmed", second)


async def test_while_the_company_stays_silent_it_stays_uncertain(host: FakeHost, store: Store) -> None:
    payment, order = await paid(host, store)

    for _ in range(3):
        with pytest.raises(TryLater, match=r"is uncertain|is not answering"):
            await settle(payment, order, host, store)

    now = await store.payment("bill_1")
    assert now is not None
    assert (now.state, len(told(host)), len(told(host, OUTCOME))) == ("uncertain", 1, 2)


async def test_a_death_while_telling_is_found_out_by_asking(host: FakeHost, store: Store) -> None:
    payment, order = await paid(host, store)
    funded = await store.move(payment, Happens.PAID, order_id=order)
    await store.move(funded, Happens.TELL)
    host.answer("GET", f"{BASE}/payments/bill_1", {"outcome": "confirmed", "reason": ""})

    settled = await settle(payment, order, host, store)

    assert (settled.state, told(host)) == ("confirmed", [])


async def test_an_event_heard_twice_settles_once(host: FakeHost, store: Store) -> None:
    payment, order = await paid(host, store)
    host.answer("POST", f"{BASE}/payments", {"outcome": "confirmed", "reason": ""})

    settled = [await settle(payment, order, host, store) for _ in range(2)]

    assert settled[0] == settled[1]
    assert (len(told(host)), host.orders[order].state, len(host.sent)) == (1, "fulfilled", 1)


async def test_a_refund_heard_twice_is_given_once(host: FakeHost, store: Store) -> None:
    payment, order = await paid(host, store)
    host.answer("POST", f"{BASE}/payments", {"outcome": "rejected", "reason": "wrong_amount"})

    for _ in range(2):
        await settle(payment, order, host, store)

    assert (len(host.refunds), len(host.sent)) == (1, 1)


async def test_an_event_heard_by_five_at_once_pays_once(host: FakeHost, store: Store) -> None:
    payment, order = await paid(host, store)
    host.answer("POST", f"{BASE}/payments", {"outcome": "confirmed", "reason": ""})
    host.answer("GET", f"{BASE}/payments/bill_1", {"outcome": "confirmed", "reason": ""})

    await asyncio.gather(*(settle(payment, order, host, store) for _ in range(5)), return_exceptions=True)
    settled = await settle(payment, order, host, store)

    assert (settled.state, host.orders[order].state) == ("confirmed", "fulfilled")
    assert {str(sent) for sent in told(host)} == {str(told(host)[0])}


async def test_no_notice_wanted_is_no_obstacle(host: FakeHost, store: Store) -> None:
    host.residents["ada"] = replace(host.residents["ada"], scopes=frozenset({"payments.order"}))
    payment, order = await paid(host, store)
    host.answer("POST", f"{BASE}/payments", {"outcome": "confirmed", "reason": ""})

    settled = await settle(payment, order, host, store)

    assert (settled.state, host.orders[order].state, host.sent) == ("confirmed", "fulfilled", [])


async def test_money_that_comes_after_all_pays_the_bill(host: FakeHost, store: Store) -> None:
    payment, order = await paid(host, store)
    await store.move(payment, Happens.ENDED)
    host.answer("POST", f"{BASE}/payments", {"outcome": "confirmed", "reason": ""})
    abandoned = await store.payment("bill_1")
    assert abandoned is not None

    settled = await settle(abandoned, order, host, store)

    assert settled.state == "confirmed"


async def test_money_that_comes_after_another_payment_goes_back(host: FakeHost, store: Store) -> None:
    late, order = await paid(host, store)
    abandoned = await store.move(late, Happens.ENDED)
    await paid(host, store, id="bill_2", resident="bob")

    settled = await settle(abandoned, order, host, store)

    assert (settled.state, settled.reason, told(host)) == ("rejected", "paid_by_another", [])
    assert [(r.order_id, r.amount) for r in host.refunds.values()] == [(order, yuan("136.68"))]
    other = await store.payment("bill_2")
    assert other is not None
    assert other.state == "created"
