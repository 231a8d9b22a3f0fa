"""What ends by itself when its time is over."""

import psycopg
import pytest
from sqlalchemy import text
from tests.host.payments.conftest import PASSWORD, open_order

from yimen_host.core.clock import ManualClock
from yimen_host.payments import receipts, sweep
from yimen_host.payments.errors import NotRefundable
from yimen_host.payments.facade import Payments
from yimen_host.payments.ledger import books
from yimen_host.payments.ledger.draft import Leg, hold, post_hold
from yimen_host.payments.orders import REFUND_TIME
from yimen_host.payments.store import receipts as numbers
from yimen_sdk.money import yuan


async def test_holds_end_when_their_time_is_over(payments: Payments, clock: ManualClock) -> None:
    legs = (Leg("wallet:ada", yuan("-6.00")), Leg("merchant:tea:payable", yuan("6.00")))
    soon = clock.now().replace(minute=10)
    await payments.ledger.post(hold("h1", "test", *legs, expires_at=soon))
    await payments.ledger.post(
        hold("h2", "test", legs[0]._replace(amount=yuan("-1.00")), legs[1]._replace(amount=yuan("1.00")))
    )
    await payments.ledger.post(
        hold("h3", "test", Leg("wallet:ada", yuan("-2.00")), Leg("merchant:tea:payable", yuan("2.00")), expires_at=soon)
    )
    await payments.ledger.post(post_hold("p3", "test", hold="h3"))

    early = await sweep.expire_holds(payments)
    clock.advance(minutes=10)
    ended = [await sweep.expire_holds(payments) for _ in range(2)]

    async with payments.services.database.transaction() as session:
        wallet = await books.balance(session, "wallet:ada")
        assert await books.audit(session) == []
    assert (early, ended) == (0, [1, 0])
    assert (str(wallet.posted), str(wallet.available)) == ("98.00", "97.00")


async def test_a_delivered_order_closes_a_year_later(payments: Payments, clock: ManualClock) -> None:
    order = await open_order(payments, yuan("8.00"))
    await payments.till.pay(order, channel="wallet", form_key="f", password=PASSWORD)
    async with payments.services.database.transaction() as session:
        await payments.orders.fulfil(session, order)
    clock.advance(days=REFUND_TIME.days)

    early = await sweep.close_orders(payments)
    clock.advance(seconds=1)
    closed = await sweep.close_orders(payments)

    async with payments.services.database.transaction() as session:
        state = await session.scalar(text("SELECT state FROM payment_order"))
        try:
            await payments.refunding.request(session, order, yuan("1.00"), reason="r", key="k")
        except NotRefundable:
            state = f"{state}, not refundable"
    assert (early, closed, state) == (0, 1, "closed, not refundable")


async def test_an_order_that_a_crash_left_without_a_number_gets_it_later(
    payments: Payments, clock: ManualClock, migrated_url: str
) -> None:
    services, order = payments.services, await open_order(payments, yuan("8.00"))
    with psycopg.connect(migrated_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute("ALTER TABLE yimen.payment_receipt ADD CONSTRAINT down CHECK (number = '') NOT VALID")
        with pytest.raises(AssertionError, match="cannot get one"):
            await payments.till.pay(order, channel="wallet", form_key="f", password=PASSWORD)
        owner.execute("ALTER TABLE yimen.payment_receipt DROP CONSTRAINT down")
    clock.advance(days=400)

    swept = [await receipts.issue_owed(services) for _ in range(2)]

    async with services.database.transaction() as session:
        assert await numbers.numbers(session, [order.id]) == {order.id: "YM2027122600000001"}
    assert swept == [1, 0]
