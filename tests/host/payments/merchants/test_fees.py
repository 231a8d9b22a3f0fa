"""Fees by channel and day: a payment by the terms of its day, a refund by its payment's, and nobody's own doing."""

import datetime as dt
import random

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.host.payments.conftest import PASSWORD, open_order
from tests.host.payments.merchants.forms import approved

from yimen_host.core.clock import ManualClock
from yimen_host.core.errors import Invalid
from yimen_host.payments.channels.sandbox_bank.bank import BankState
from yimen_host.payments.facade import Payments
from yimen_host.payments.fees import Fee, given_back
from yimen_host.payments.merchants.errors import NotForYouToReview
from yimen_host.payments.models import AttemptRow, OrderRow
from yimen_host.payments.store import orders
from yimen_sdk.money import Money, yuan

TODAY = dt.date(2026, 11, 21)
FEE = {"channel": "", "rate": "60", "least": "", "most": "", "from_day": TODAY.isoformat()}


async def agree(payments: Payments, by: str = "admin", **typed: str) -> None:
    """Agree on a fee with the tea house."""
    await payments.merchant_fees.agree(
        "greeting", {**FEE, **typed}, by=by, publishers={"publisher"}, channels=["wallet", "sandbox-bank"]
    )


async def sell(payments: Payments, amount: Money, channel: str = "wallet") -> OrderRow:
    """An order that is paid."""
    order = await open_order(payments, amount)
    attempt = await payments.till.pay(order, channel=channel, form_key="form", password=PASSWORD)
    assert isinstance(attempt, AttemptRow)
    if channel != "wallet":
        assert payments.bank is not None
        assert attempt.channel_ref is not None
        await payments.bank.decide(attempt.channel_ref, BankState.PAID)
        await payments.till.ask(attempt.id)
    return order


async def give_back(payments: Payments, order: OrderRow, amount: Money) -> None:
    """Refund part of an order."""
    async with payments.services.database.transaction() as session:
        fresh = await orders.find(session, order.id)
        assert fresh is not None
        key = payments.services.ids.new("key")
        refund = await payments.refunding.request(session, fresh, amount, reason="cold", key=key)
    await payments.refunding.proceed(refund.id)


async def charged(payments: Payments) -> list[tuple[int, int]]:
    """Each line of the newest batch, with its fee."""
    batch = (await payments.settling.newest("greeting"))[0]
    found = [(line.fen, line.fee_fen) for line in await payments.settling.lines(batch)]
    assert batch.fee_fen == sum(fee for _, fee in found)
    return found


async def test_a_channel_of_its_own_fee_is_charged_that(payments: Payments, clock: ManualClock) -> None:
    await approved(payments, "greeting")
    await agree(payments, channel="sandbox-bank", rate="100", least="0.50", most="0.80")
    await sell(payments, yuan("10.00"))
    for amount in ("10.00", "70.00", "900.00"):
        await sell(payments, yuan(amount), "sandbox-bank")

    await payments.settling.settle_now("greeting")

    assert await charged(payments) == [(1000, 6), (1000, 50), (7000, 70), (90000, 80)]


async def test_terms_count_from_their_day_and_refunds_go_by_their_payment(
    payments: Payments, clock: ManualClock
) -> None:
    await approved(payments, "greeting")
    tomorrow = (clock.now() + dt.timedelta(days=1)).date()
    await agree(payments, rate="1000", from_day=tomorrow.isoformat())
    before = await sell(payments, yuan("10.00"))
    clock.advance(days=1)
    await sell(payments, yuan("20.00"))
    await give_back(payments, before, yuan("5.00"))
    await payments.settling.settle_now("greeting")
    first = await charged(payments)
    await give_back(payments, before, yuan("5.00"))

    await payments.settling.settle_now("greeting")

    assert first == [(1000, 6), (2000, 200), (-500, -3)]
    assert await charged(payments) == [(-500, -3)]


@pytest.mark.parametrize("seed", range(3))
async def test_the_database_charges_as_the_rule_does(payments: Payments, clock: ManualClock, seed: int) -> None:
    chance = random.Random(seed)
    fee = Fee(chance.randint(0, 2000), chance.randint(0, 40), chance.choice((None, 60)))
    most = "" if fee.most_fen is None else f"0.{fee.most_fen:02}"
    await approved(payments, "greeting", fee_bp="0")
    await agree(payments, rate=str(fee.bp), least=f"0.{fee.least_fen:02}", most=most)
    expected = []
    for _ in range(6):
        paid, refunded = chance.randint(1, 900), 0
        order = await sell(payments, Money(paid))
        expected.append((paid, fee.of(paid)))
        while refunded < paid and chance.random() < 0.7:
            fen = chance.randint(1, paid - refunded)
            await give_back(payments, order, Money(fen))
            before, after = [given_back(fee.of(paid), paid, sum_) for sum_ in (refunded, refunded + fen)]
            expected.append((-fen, before - after))
            refunded += fen

    await payments.settling.settle_now("greeting")

    assert await charged(payments) == expected


async def test_every_fault_of_a_fee_is_told_at_once(payments: Payments) -> None:
    await approved(payments, "greeting")
    wrong = {"channel": "gold", "rate": "2001", "least": "101", "most": "x", "from_day": "2026-11-20"}

    with pytest.raises(Invalid) as refused:
        await agree(payments, **wrong)

    assert sorted(refused.value.faults) == sorted(wrong)


async def test_a_publisher_agrees_on_no_fee_of_its_own(payments: Payments) -> None:
    await approved(payments, "greeting")

    with pytest.raises(NotForYouToReview):
        await agree(payments, by="publisher", rate="0")

    assert [row.fee_bp for row in await payments.merchant_fees.all("greeting")] == [60]


@pytest.mark.parametrize("forged", ["UPDATE merchant_fee SET fee_bp = 0", "DELETE FROM merchant_fee"])
async def test_nobody_rewrites_what_was_agreed(payments: Payments, forged: str) -> None:
    await approved(payments, "greeting")

    with pytest.raises(DBAPIError):
        async with payments.services.database.transaction() as session:
            await session.execute(text(forged))
