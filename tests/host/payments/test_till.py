"""Paying an order, in every way it can go: once, twice, late, silently, or not at all."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import text
from tests.host.payments.conftest import PASSWORD, open_order

from yimen_host.core.clock import ManualClock
from yimen_host.payments import sweep
from yimen_host.payments.channels.channel import NotPaid, Paid
from yimen_host.payments.channels.sandbox_bank.bank import BankState
from yimen_host.payments.decision import Refused
from yimen_host.payments.errors import NoticeRefused, OrderNotOpen
from yimen_host.payments.facade import Payments
from yimen_host.payments.ledger import books
from yimen_host.payments.models import AttemptRow, OrderRow
from yimen_sdk.money import yuan


async def pay(payments: Payments, order: OrderRow, channel: str, form_key: str = "form") -> AttemptRow:
    """Send the cashier's form."""
    attempt = await payments.till.pay(order, channel=channel, form_key=form_key, password=PASSWORD)
    assert isinstance(attempt, AttemptRow)
    return attempt


async def at_bank(payments: Payments, attempt: AttemptRow, state: BankState, *, notify: bool = True) -> None:
    """Decide at the bank, which tells us unless it is to keep silent."""
    assert payments.bank is not None
    assert attempt.channel_ref is not None
    await payments.bank.decide(attempt.channel_ref, state, silently=not notify)
    if notify:
        payment = await payments.bank.payment(attempt.channel_ref)
        assert payment is not None
        notice = payments.bank.notice(payment)
        await payments.till.hear("sandbox-bank", notice.headers, notice.body)


async def story(payments: Payments, order: OrderRow) -> dict[str, Any]:
    """What became of an order: its state, its attempts, the money, and what the world was told."""
    async with payments.services.database.transaction() as session:
        state = await session.scalar(text("SELECT state FROM payment_order WHERE id = :id"), {"id": order.id})
        attempts = await session.execute(
            text("SELECT state, reason FROM payment_attempt WHERE order_id = :id ORDER BY id"), {"id": order.id}
        )
        money = await session.execute(
            text("SELECT code, balance FROM ledger_account WHERE balance <> 0 AND code NOT LIKE 'grants:%'")
        )
        told = await session.scalars(text("SELECT type FROM outbox_event ORDER BY id"))
        found = {
            "order": state,
            "attempts": [tuple(row) for row in attempts],
            "money": {row.code: row.balance for row in money},
            "told": sorted(told),
        }
        assert await books.audit(session) == []
    return found


PAID_TOLD = ["yimen.notice.payment_settled", "yimen.payment.settled"]


async def test_the_wallet_pays_an_order(payments: Payments) -> None:
    order = await open_order(payments, yuan("8.00"))

    await pay(payments, order, "wallet")

    assert await story(payments, order) == {
        "order": "paid",
        "attempts": [("settled", None)],
        "money": {"wallet:ada": 9200, "merchant:greeting:payable": 800},
        "told": PAID_TOLD,
    }


async def test_a_wrong_payment_password_begins_nothing(payments: Payments) -> None:
    order = await open_order(payments, yuan("8.00"))

    answer = await payments.till.pay(order, channel="wallet", form_key="f", password="000000")

    assert answer == Refused("wrong")
    assert await story(payments, order) == {"order": "open", "attempts": [], "money": {"wallet:ada": 10000}, "told": []}


async def test_a_wallet_with_too_little_declines_and_the_order_stays_open(payments: Payments) -> None:
    order = await open_order(payments, yuan("100.01"))

    await pay(payments, order, "wallet")

    assert await story(payments, order) == {
        "order": "open",
        "attempts": [("declined", "not_enough")],
        "money": {"wallet:ada": 10000},
        "told": [],
    }


async def test_a_form_sent_many_times_pays_once(payments: Payments) -> None:
    order = await open_order(payments, yuan("8.00"))

    attempts = await asyncio.gather(*(pay(payments, order, "wallet") for _ in range(12)))

    assert {attempt.id for attempt in attempts} == {attempts[0].id}
    assert (await story(payments, order))["money"] == {"wallet:ada": 9200, "merchant:greeting:payable": 800}


async def test_two_tabs_pay_once(payments: Payments) -> None:
    order = await open_order(payments, yuan("8.00"))

    answers = await asyncio.gather(
        *(pay(payments, order, "wallet", f"tab{n}") for n in range(8)), return_exceptions=True
    )

    kinds = Counter(type(answer) for answer in answers)
    assert kinds[AttemptRow] >= 1
    assert set(kinds) <= {AttemptRow, OrderNotOpen}
    found = await story(payments, order)
    assert found["money"] == {"wallet:ada": 9200, "merchant:greeting:payable": 800}
    assert found["told"] == PAID_TOLD


async def test_a_bank_pays_by_notice_and_the_echoes_change_nothing(payments: Payments) -> None:
    order = await open_order(payments, yuan("8.00"))
    attempt = await pay(payments, order, "sandbox-bank")

    await at_bank(payments, attempt, BankState.PAID)
    await at_bank(payments, attempt, BankState.PAID)
    await payments.till.ask(attempt.id)

    assert attempt.state == "submitted"
    assert await story(payments, order) == {
        "order": "paid",
        "attempts": [("settled", None)],
        "money": {"wallet:ada": 10000, "channel:sandbox-bank:clearing": -800, "merchant:greeting:payable": 800},
        "told": PAID_TOLD,
    }


async def test_a_bank_that_declines_leaves_the_order_open(payments: Payments) -> None:
    order = await open_order(payments, yuan("8.00"))
    attempt = await pay(payments, order, "sandbox-bank")

    await at_bank(payments, attempt, BankState.DECLINED)
    await pay(payments, order, "wallet", "another form")

    assert await story(payments, order) == {
        "order": "paid",
        "attempts": [("declined", "declined"), ("settled", None)],
        "money": {"wallet:ada": 9200, "merchant:greeting:payable": 800},
        "told": PAID_TOLD,
    }


async def test_a_silent_bank_makes_it_uncertain_until_it_answers(payments: Payments, clock: ManualClock) -> None:
    order = await open_order(payments, yuan("8.00"))
    attempt = await pay(payments, order, "sandbox-bank")
    await at_bank(payments, attempt, BankState.PAID, notify=False)

    await payments.till.ask(attempt.id)
    while_silent = await story(payments, order)
    clock.advance(seconds=30)
    swept = await sweep.sweep(payments)

    assert while_silent == {
        "order": "open",
        "attempts": [("uncertain", "silent")],
        "money": {"wallet:ada": 10000},
        "told": [],
    }
    assert swept.attempts == 1
    assert (await story(payments, order))["order"] == "paid"


async def test_an_uncertain_order_does_not_expire(payments: Payments, clock: ManualClock) -> None:
    order = await open_order(payments, yuan("8.00"))
    attempt = await pay(payments, order, "sandbox-bank")
    clock.advance(minutes=29, seconds=55)
    await at_bank(payments, attempt, BankState.PAID, notify=False)
    await payments.till.ask(attempt.id)
    clock.advance(seconds=10)

    expired = await sweep.expire_orders(payments)
    clock.advance(seconds=30)
    await sweep.sweep(payments)

    assert expired == 0
    assert (await story(payments, order))["order"] == "paid"


async def test_an_unpaid_order_expires_and_the_bank_is_told(payments: Payments, clock: ManualClock) -> None:
    order = await open_order(payments, yuan("8.00"))
    attempt = await pay(payments, order, "sandbox-bank")
    clock.advance(minutes=31)

    await sweep.expire_orders(payments)

    assert payments.bank is not None
    assert attempt.channel_ref is not None
    payment = await payments.bank.payment(attempt.channel_ref)
    assert payment is not None
    assert payment.state == "closed"
    assert await story(payments, order) == {
        "order": "expired",
        "attempts": [("declined", "closed")],
        "money": {"wallet:ada": 10000},
        "told": ["yimen.order.ended"],
    }


async def test_money_for_a_cancelled_order_is_kept_in_sight_and_given_back(payments: Payments) -> None:
    order = await open_order(payments, yuan("8.00"))
    attempt = await pay(payments, order, "sandbox-bank")
    async with payments.services.database.transaction() as session:
        await payments.orders.cancel(session, order)

    await at_bank(payments, attempt, BankState.PAID)

    found = await story(payments, order)
    async with payments.services.database.transaction() as session:
        through_suspense = [line.amount for line in await books.statement(session, "suspense:sandbox-bank")]
    assert found == {
        "order": "cancelled",
        "attempts": [("refunded", "order_not_open")],
        "money": {"wallet:ada": 10000},
        "told": ["yimen.notice.money_late", "yimen.notice.refund_succeeded", "yimen.order.ended"],
    }
    assert through_suspense == [yuan("-8.00"), yuan("8.00")]


async def test_a_bank_paid_after_it_was_given_up_is_given_back(payments: Payments) -> None:
    order = await open_order(payments, yuan("8.00"))
    attempt = await pay(payments, order, "sandbox-bank")
    await payments.booking.apply(attempt, NotPaid("closed"))
    await pay(payments, order, "wallet", "second")

    await at_bank(payments, attempt, BankState.PAID)

    found = await story(payments, order)
    assert (found["order"], found["attempts"]) == ("paid", [("refunded", "given_up"), ("settled", None)])
    assert found["money"] == {"wallet:ada": 9200, "merchant:greeting:payable": 800}


async def test_another_amount_than_asked_for_is_not_taken_for_the_order(payments: Payments) -> None:
    order = await open_order(payments, yuan("8.00"))
    attempt = await pay(payments, order, "sandbox-bank")

    await payments.booking.apply(attempt, Paid(yuan("0.01"), "bank_x"))

    found = await story(payments, order)
    assert found["order"] == "open"
    assert found["attempts"] == [("late", "amount_differs")]
    assert found["money"]["suspense:sandbox-bank"] == 1


@pytest.mark.parametrize("change", ["body", "signature", "a day later", "another payment", "no headers"])
async def test_a_bad_notice_changes_nothing(payments: Payments, clock: ManualClock, change: str) -> None:
    order = await open_order(payments, yuan("8.00"))
    attempt = await pay(payments, order, "sandbox-bank")
    assert payments.bank is not None
    assert attempt.channel_ref is not None
    payment = await payments.bank.payment(attempt.channel_ref)
    assert payment is not None
    payment.state = BankState.PAID
    if change == "another payment":
        payment.merchant_ref = "att_unknown"
    notice = payments.bank.notice(payment)
    headers, body = dict(notice.headers), notice.body
    match change:
        case "body":
            body = body.replace(b"800", b"801")
        case "signature":
            headers["webhook-signature"] = "v1,AAAA"
        case "a day later":
            clock.advance(days=1)
        case "no headers":
            headers = {}

    with pytest.raises(NoticeRefused):
        await payments.till.hear("sandbox-bank", headers, body)

    assert (await story(payments, order))["attempts"] == [("submitted", None)]


async def test_a_top_up_fills_the_wallet_and_cannot_come_from_it(payments: Payments) -> None:
    order = await payments.orders.open_top_up("ada", yuan("50.00"))
    attempt = await pay(payments, order, "sandbox-bank")

    await at_bank(payments, attempt, BankState.PAID)

    assert [channel.id for channel in payments.till.offered(order)] == ["sandbox-bank"]
    assert await story(payments, order) == {
        "order": "paid",
        "attempts": [("settled", None)],
        "money": {"wallet:ada": 15000, "channel:sandbox-bank:clearing": -5000},
        "told": ["yimen.notice.payment_settled"],
    }


async def test_paying_while_it_is_cancelled_ends_one_way(payments: Payments) -> None:
    order = await open_order(payments, yuan("8.00"))

    async def cancel() -> object:
        async with payments.services.database.transaction() as session:
            return await payments.orders.cancel(session, order)

    await asyncio.gather(pay(payments, order, "wallet"), cancel(), return_exceptions=True)

    found = await story(payments, order)
    assert (found["order"], found["money"], found["told"]) in [
        ("paid", {"wallet:ada": 9200, "merchant:greeting:payable": 800}, PAID_TOLD),
        ("cancelled", {"wallet:ada": 10000}, ["yimen.order.ended"]),
    ]


async def test_receipts_are_numbered_without_a_gap(payments: Payments) -> None:
    paid = [await open_order(payments, yuan("1.00")) for _ in range(5)]
    await asyncio.gather(*(pay(payments, order, "wallet") for order in paid))

    async with payments.services.database.transaction() as session:
        numbers = (await session.scalars(text("SELECT number FROM payment_receipt ORDER BY number"))).all()
    assert numbers == [f"YM20261121{n:08d}" for n in range(1, 6)]


async def test_a_payment_nobody_decides_on_ends_with_its_order(payments: Payments, clock: ManualClock) -> None:
    orders = [await open_order(payments, yuan("8.00"), reference=f"r{n}") for n in range(2)]
    attempts = [await pay(payments, order, "sandbox-bank") for order in orders]
    await payments.booking.doubt(attempts[0])  # as when the bank's answer was lost
    async with payments.services.database.transaction() as session:
        await payments.orders.cancel(session, orders[1])

    clock.advance(hours=1)
    await sweep.sweep(payments)

    assert [(await story(payments, order))["order"] for order in orders] == ["expired", "cancelled"]
    assert [(await payments.till.attempt(attempt.id)).state for attempt in attempts] == ["declined", "declined"]
