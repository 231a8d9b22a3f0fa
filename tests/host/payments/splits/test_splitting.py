"""An order is divided among merchants to the fen, and no merchant gives back more than it got."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.host.payments.conftest import PASSWORD, TEA, OnePassword
from tests.host.payments.merchants.forms import TERMS, WHO, approved

from yimen_host.core.clock import ManualClock
from yimen_host.core.errors import Invalid
from yimen_host.core.services import Services
from yimen_host.payments.channels.sandbox_bank.bank import BankState
from yimen_host.payments.demo import grant_demo_balance
from yimen_host.payments.errors import NotRefundable, ReferenceTaken
from yimen_host.payments.facade import Payments
from yimen_host.payments.ledger import books
from yimen_host.payments.merchants.register import mark
from yimen_host.payments.models import AttemptRow, OrderRow, RefundRow
from yimen_host.payments.ordering import NewOrder
from yimen_sdk.money import Money, yuan
from yimen_sdk.split import SELF, Part

FARMS = ("farm-1", "farm-2")


@pytest.fixture
async def payments(services: Services) -> AsyncIterator[Payments]:
    """Running payments: two farms sell in the tea house, and ada has 1,000 yuan."""
    running = Payments(services, OnePassword())
    await running.start()
    await grant_demo_balance(running, "ada", yuan("1000.00"))
    for farm in FARMS:
        await approved(running, "greeting", farm)
    yield running
    await running.stop()


async def order_of(payments: Payments, *parts: tuple[str, str], reference: str | None = None) -> OrderRow:
    """An open order of ada's, divided."""
    split = tuple(Part(merchant, yuan(amount)) for merchant, amount in parts)
    whole = Money(sum(part.amount.fen for part in split))
    async with payments.services.database.transaction() as session:
        new = NewOrder("两样茶", whole, reference, split=split)
        return await payments.orders.open(session, new, TEA, "ada")


async def pay(payments: Payments, order: OrderRow, channel: str = "wallet") -> AttemptRow:
    """Pay an order; at the bank, its customer has still to decide."""
    attempt = await payments.till.pay(order, channel=channel, form_key="form", password=PASSWORD)
    assert isinstance(attempt, AttemptRow)
    return attempt


async def give_back(payments: Payments, order: OrderRow, amount: str, *named: tuple[str, str]) -> RefundRow:
    """Refund part of an order."""
    split = [Part(merchant, yuan(fen)) for merchant, fen in named]
    async with payments.services.database.transaction() as session:
        key = payments.services.ids.new("key")
        row = await payments.refunding.request(session, order, yuan(amount), reason="sour", key=key, split=split)
    return await payments.refunding.proceed(row.id)


async def payable(payments: Payments) -> dict[str, int]:
    """What each merchant is owed, after an audit of the books."""
    async with payments.services.database.transaction() as session:
        rows = await session.execute(
            text(
                r"SELECT split_part(code, '\:', 2) AS merchant, balance FROM ledger_account WHERE code LIKE '%payable'"
            )
        )
        found = {row.merchant: row.balance for row in rows}
        assert await books.audit(session) == []
    return found


async def test_each_merchant_is_paid_its_part(payments: Payments) -> None:
    order = await order_of(payments, ("farm-1", "7.01"), ("farm-2", "2.49"), (SELF, "0.50"))

    await pay(payments, order)

    assert await payable(payments) == {"greeting_farm-1": 701, "greeting_farm-2": 249, "greeting": 50}


async def test_a_refund_is_taken_back_by_the_largest_remainder(payments: Payments) -> None:
    order = await order_of(payments, ("farm-1", "3.33"), ("farm-2", "3.33"), (SELF, "3.34"))
    await pay(payments, order)

    await give_back(payments, order, "1.00")
    once = await payable(payments)
    await give_back(payments, order, "9.00")

    assert once == {"greeting_farm-1": 300, "greeting_farm-2": 300, "greeting": 300}
    assert await payable(payments) == {"greeting_farm-1": 0, "greeting_farm-2": 0, "greeting": 0}


async def test_a_refund_may_name_who_gives_back(payments: Payments) -> None:
    order = await order_of(payments, ("farm-1", "5.00"), ("farm-2", "5.00"))
    await pay(payments, order)

    await give_back(payments, order, "4.00", ("farm-2", "4.00"))
    with pytest.raises(NotRefundable):
        await give_back(payments, order, "2.00", ("farm-2", "2.00"))
    await give_back(payments, order, "3.00")

    assert await payable(payments) == {"greeting_farm-1": 250, "greeting_farm-2": 50}


async def test_refunds_at_once_take_no_merchant_below_its_part(payments: Payments) -> None:
    order = await order_of(payments, ("farm-1", "5.00"), ("farm-2", "5.00"))
    await pay(payments, order)

    answers = await asyncio.gather(
        *(give_back(payments, order, "2.00", ("farm-1", "2.00")) for _ in range(5)), return_exceptions=True
    )

    assert sum(isinstance(answer, RefundRow) for answer in answers) == 2
    assert sum(isinstance(answer, NotRefundable) for answer in answers) == 3
    assert await payable(payments) == {"greeting_farm-1": 100, "greeting_farm-2": 500}


async def test_a_failed_refund_frees_each_part_again(payments: Payments) -> None:
    order = await order_of(payments, ("farm-1", "5.00"), ("farm-2", "5.00"))
    attempt = await pay(payments, order, "sandbox-bank")
    assert payments.bank is not None
    paid = await payments.bank.look_up(attempt.id)
    assert paid is not None
    await payments.bank.decide(paid.id, BankState.PAID)
    await payments.till.ask(attempt.id)
    await payments.bank.give_back(refund_ref="elsewhere", merchant_ref=attempt.id, amount=yuan("9.00"))

    failed = await give_back(payments, order, "6.00")
    again = await give_back(payments, order, "1.00", ("farm-1", "1.00"))

    assert (failed.state, again.state) == ("failed", "succeeded")
    assert await payable(payments) == {"greeting_farm-1": 400, "greeting_farm-2": 500}


async def test_each_merchant_is_settled_by_its_own_terms(payments: Payments, clock: ManualClock) -> None:
    await approved(payments, "greeting", "farm-2", fee_bp="0", settle_days="2")
    await pay(payments, await order_of(payments, ("farm-1", "100.00"), ("farm-2", "100.00")))
    clock.advance(days=1)
    await payments.settling.due()
    first = [len(await payments.settling.newest(f"greeting_{farm}")) for farm in FARMS]
    clock.advance(days=1)

    await payments.settling.due()

    paid = [(await payments.settling.newest(f"greeting_{farm}"))[0] for farm in FARMS]
    assert first == [1, 0]
    assert [(row.state, row.gross_fen, row.fee_fen, row.payout_fen) for row in paid] == [
        ("paid", 10000, 60, 8946), ("paid", 10000, 0, 9000),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "parts",
    [
        (("farm-1", "5.00"), ("farm-1", "5.00")),
        (("farm-9", "5.00"), ("farm-1", "5.00")),
        (("../farm-1", "5.00"), (SELF, "5.00")),
        (("farm-1", "0.00"), (SELF, "5.00")),
        tuple((f"farm-{number}", "1.00") for number in range(17)),
    ],
)
async def test_a_malformed_split_opens_no_order(payments: Payments, parts: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(Invalid) as refused:
        await order_of(payments, *parts)

    assert list(refused.value.faults) == ["split"]
    async with payments.services.database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM payment_order")) == 0


async def test_parts_must_sum_to_the_order(payments: Payments) -> None:
    with pytest.raises(Invalid) as refused:
        NewOrder("两样茶", yuan("10.00"), split=(Part("farm-1", yuan("9.99")),))

    assert refused.value.faults == {"split": "parts that sum to 1000 fen"}


async def test_a_merchant_that_nobody_approved_gets_nothing(payments: Payments) -> None:
    await payments.merchants.apply("greeting", WHO, by="publisher", code="farm-3")
    other = await payments.merchants.apply("rival", WHO, by="rival", code="farm-4")
    await payments.merchants.approve(other.id, TERMS, by="admin", publishers=(), seen=mark(other))

    for farm in ("farm-3", "farm-4"):
        with pytest.raises(Invalid):
            await order_of(payments, (farm, "5.00"))


async def test_one_reference_is_one_way_to_divide(payments: Payments) -> None:
    first = await order_of(payments, ("farm-1", "5.00"), ("farm-2", "5.00"), reference="t1")
    again = await order_of(payments, ("farm-1", "5.00"), ("farm-2", "5.00"), reference="t1")

    with pytest.raises(ReferenceTaken):
        await order_of(payments, ("farm-1", "6.00"), ("farm-2", "4.00"), reference="t1")

    assert again.id == first.id


@pytest.mark.parametrize(
    "forged",
    [
        "UPDATE payment_order_part SET fen = 900",
        "UPDATE payment_order_part SET reserved_fen = 501",
        "DELETE FROM payment_order_part",
        "UPDATE payment_refund_part SET fen = 1",
        "DELETE FROM payment_refund_part",
    ],
)
async def test_the_database_lets_nobody_rewrite_a_split(payments: Payments, forged: str) -> None:
    order = await order_of(payments, ("farm-1", "5.00"), ("farm-2", "5.00"))
    await pay(payments, order)
    await give_back(payments, order, "2.00")

    with pytest.raises(DBAPIError):
        async with payments.services.database.transaction() as session:
            await session.execute(text(forged))
