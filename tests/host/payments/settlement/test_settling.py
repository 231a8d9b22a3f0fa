"""Merchants are paid what they are owed, once, whatever the bank says and whoever asks how often."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.host.payments.conftest import PASSWORD, OnePassword, open_order
from tests.host.payments.merchants.forms import WHO, approved
from tests.host.raised import raised

from yimen_host.core.clock import ManualClock
from yimen_host.core.services import Services
from yimen_host.payments import chart
from yimen_host.payments.demo import grant_demo_balance
from yimen_host.payments.facade import Payments
from yimen_host.payments.ledger import books
from yimen_host.payments.merchants.models import MerchantRow
from yimen_host.payments.models import OrderRow
from yimen_host.payments.settlement.errors import BatchMoved
from yimen_host.payments.settlement.models import BatchRow
from yimen_host.payments.settlement.settling import Settling
from yimen_host.payments.store import orders
from yimen_sdk.money import Money, yuan

APP = "greeting"


@pytest.fixture
async def payments(services: Services) -> AsyncIterator[Payments]:
    """Running payments; ada has 1,000 yuan to spend."""
    running = Payments(services, OnePassword())
    await running.start()
    await grant_demo_balance(running, "ada", yuan("1000.00"))
    yield running
    await running.stop()


async def merchant(payments: Payments, **terms: str) -> MerchantRow:
    """The approved merchant behind the tea house."""
    return await approved(payments, APP, **terms)


async def sell(payments: Payments, amount: str) -> OrderRow:
    """An order that the wallet pays."""
    order = await open_order(payments, yuan(amount))
    await payments.till.pay(order, channel="wallet", form_key="form", password=PASSWORD)
    return order


async def give_back(payments: Payments, order: OrderRow, amount: Money) -> None:
    """A refund of an order."""
    async with payments.services.database.transaction() as session:
        fresh = await orders.find(session, order.id)
        assert fresh is not None
        key = payments.services.ids.new("key")
        refund = await payments.refunding.request(session, fresh, amount, reason="cold", key=key)
    await payments.refunding.proceed(refund.id)


async def money(payments: Payments) -> dict[str, int]:
    """The merchant's side of the ledger, after an audit of the books."""
    async with payments.services.database.transaction() as session:
        rows = await session.execute(
            text("SELECT code, balance FROM ledger_account WHERE balance <> 0 AND code !~ '^(grants|wallet):'")
        )
        found = {row.code: row.balance for row in rows}
        assert await books.audit(session) == []
    return found


def figures(row: BatchRow) -> tuple[object, ...]:
    """What a batch comes to."""
    return (
        row.state, row.lines, row.gross_fen, row.fee_fen, row.reserve_fen, row.released_fen, row.carried_in_fen,
        row.payout_fen, row.carried_out_fen,
    )  # fmt: skip


async def batches(payments: Payments) -> list[tuple[object, ...]]:
    """Every batch, newest first."""
    return [figures(row) for row in await payments.settling.newest(APP)]


async def test_a_day_is_paid_the_next_day_less_fee_and_reserve(payments: Payments, clock: ManualClock) -> None:
    await merchant(payments)
    order = await sell(payments, "100.00")
    await sell(payments, "50.00")
    await give_back(payments, order, yuan("20.00"))
    await payments.settling.due()
    same_day = await batches(payments)
    clock.advance(days=1)

    await payments.settling.due()

    assert same_day == []
    assert await batches(payments) == [("paid", 3, 13000, 78, 1292, 0, 0, 11630, 0)]
    assert await money(payments) == {
        "bank:sandbox-bank": 11630, "fee:platform": 78, f"merchant:{APP}:reserve": 1292,
    }  # fmt: skip
    assert payments.bank is not None
    (batch,) = await payments.settling.newest(APP)
    assert await payments.bank.paid_out(f"{batch.id}-1") is True


async def test_an_admin_settles_at_once_and_the_next_day_has_nothing_left(
    payments: Payments, clock: ManualClock
) -> None:
    row = await merchant(payments, reserve_bp="0", fee_bp="0")
    await sell(payments, "100.00")

    paid = await asyncio.gather(*(payments.settling.settle_now(row.id) for _ in range(3)))
    clock.advance(days=1)
    await payments.settling.due()

    assert len([batch for batch in paid if batch is not None]) == 1
    assert await batches(payments) == [("paid", 1, 10000, 0, 0, 0, 0, 10000, 0)]


async def test_the_reserve_comes_back_on_its_day_and_once(payments: Payments, clock: ManualClock) -> None:
    await merchant(payments)
    await sell(payments, "100.00")
    clock.advance(days=1)
    await payments.settling.due()
    seen = []
    for hours in (7 * 24 - 1, 1, 24):  # just before its seven days are over, just then, and a day later
        clock.advance(hours=hours)
        await sell(payments, "1.00")
        await payments.settling.settle_now(APP)
        newest = (await payments.settling.newest(APP))[0]
        seen.append((newest.released_fen, (await money(payments)).get(f"merchant:{APP}:reserve")))

    assert seen == [(0, 994 + 9), (994, 9 + 9), (0, 9 + 9 + 9)]


async def test_a_reserve_comes_back_though_nothing_was_sold_since(payments: Payments, clock: ManualClock) -> None:
    await merchant(payments)
    await sell(payments, "100.00")
    clock.advance(days=1)
    await payments.settling.due()
    clock.advance(days=8)

    await payments.settling.due()

    assert (await batches(payments))[0] == ("paid", 0, 0, 0, 0, 994, 0, 994, 0)
    assert await money(payments) == {"bank:sandbox-bank": 9940, "fee:platform": 60}


async def test_refunds_after_the_payout_are_carried_forward(payments: Payments, clock: ManualClock) -> None:
    await merchant(payments, reserve_bp="0", fee_bp="0")
    order = await sell(payments, "10.00")
    clock.advance(days=1)
    await payments.settling.due()
    await give_back(payments, order, yuan("10.00"))
    clock.advance(days=1)
    await payments.settling.due()
    owed = await money(payments)
    await sell(payments, "15.00")
    clock.advance(days=1)

    await payments.settling.due()

    assert owed == {"bank:sandbox-bank": 1000, f"merchant:{APP}:payable": -1000}
    assert await batches(payments) == [
        ("paid", 1, 1500, 0, 0, 0, -1000, 500, 0),
        ("carried", 1, -1000, 0, 0, 0, 0, 0, -1000),
        ("paid", 1, 1000, 0, 0, 0, 0, 1000, 0),
    ]
    assert await money(payments) == {"bank:sandbox-bank": 1500}


async def test_what_a_later_refund_took_is_not_paid_out(payments: Payments, clock: ManualClock) -> None:
    await merchant(payments, reserve_bp="0", fee_bp="0")
    order = await sell(payments, "10.00")
    clock.advance(days=1)
    await give_back(payments, order, yuan("4.00"))

    await payments.settling.due()

    assert await batches(payments) == [("paid", 1, 1000, 0, 0, 0, 0, 600, 400)]
    assert await money(payments) == {"bank:sandbox-bank": 600}


async def test_a_silent_bank_is_asked_and_pays_once(payments: Payments, clock: ManualClock) -> None:
    await merchant(payments, reserve_bp="0", fee_bp="0")
    await sell(payments, "10.00")
    clock.advance(days=1)
    assert payments.bank is not None
    payments.bank.silent = True
    await payments.settling.due()
    doubtful = (await batches(payments))[0][0], await money(payments)
    payments.bank.silent = False

    await asyncio.gather(*(payments.settling.due() for _ in range(4)))

    assert doubtful == ("submitted", {f"merchant:{APP}:payable": 1000})
    assert (await batches(payments))[0][0] == "paid"
    assert await money(payments) == {"bank:sandbox-bank": 1000}
    async with payments.services.database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM sandbox_bank_payout")) == 1


async def test_a_failed_payout_is_paid_again_to_the_right_account(payments: Payments, clock: ManualClock) -> None:
    await merchant(payments, account="0000123412341234", reserve_bp="0", fee_bp="0")
    await sell(payments, "10.00")
    clock.advance(days=1)
    await payments.settling.due()
    (failed,) = await payments.settling.newest(APP)
    left = await money(payments)
    await merchant(payments, reserve_bp="0", fee_bp="0")

    paid = await payments.settling.pay_again(failed.id)

    assert (failed.state, failed.reason) == ("failed", "no_such_account")
    assert ("payout_failed", f"{failed.id}:1") in await raised(payments.services.database)
    assert left == {f"merchant:{APP}:payable": 1000}
    assert (paid.state, paid.tries) == ("paid", 2)
    assert await money(payments) == {"bank:sandbox-bank": 1000}
    with pytest.raises(BatchMoved):
        await payments.settling.pay_again(failed.id)


async def test_nobody_is_paid_before_the_review(payments: Payments, clock: ManualClock) -> None:
    await payments.merchants.apply(APP, WHO, by="publisher")
    await sell(payments, "10.00")
    clock.advance(days=1)

    await payments.settling.due()

    assert await money(payments) == {f"merchant:{APP}:payable": 1000}


async def test_many_workers_close_one_batch(payments: Payments, clock: ManualClock) -> None:
    row = await merchant(payments)
    for _ in range(5):
        await sell(payments, "10.00")
    clock.advance(days=1)

    await asyncio.gather(*(payments.settling.close(row) for _ in range(6)))

    assert [found[1:3] for found in await batches(payments)] == [(5, 5000)]
    assert (await money(payments))["fee:platform"] == 30


@pytest.mark.parametrize("seed", range(3))
async def test_payable_equals_its_lines_after_any_settlements(
    payments: Payments, clock: ManualClock, seed: int
) -> None:
    chance = random.Random(seed)
    row = await merchant(payments, reserve_days="2", settle_days=str(chance.randint(1, 2)))
    sold: list[OrderRow] = []
    for _ in range(25):
        match chance.choice(("sell", "sell", "refund", "settle", "settle", "sleep", "silence")):
            case "sell":
                sold.append(await sell(payments, f"{chance.randint(1, 20)}.{chance.randint(0, 99):02}"))
            case "refund" if sold:
                order = sold.pop(chance.randrange(len(sold)))
                await give_back(payments, order, Money(chance.randint(1, order.amount_fen)))
            case "settle":
                await payments.settling.due()
            case "silence":
                assert payments.bank is not None
                payments.bank.silent = not payments.bank.silent
            case _:
                clock.advance(hours=chance.randint(6, 40))
        assert await _unequal(payments, row) == []


async def _unequal(payments: Payments, row: MerchantRow) -> list[str]:
    """The payable is what is in no batch, what was carried, and what the bank has not yet paid."""
    code = chart.merchant_payable(row.id)
    async with payments.services.database.transaction() as session:
        found = (
            await session.execute(
                text(
                    "SELECT a.balance, (SELECT coalesce(sum(e.amount), 0) FROM journal_entry e"
                    " JOIN journal_transaction t ON t.id = e.transaction_id WHERE e.account_id = a.id"
                    " AND t.key NOT LIKE 'settle:%' AND e.account_seq > coalesce((SELECT max(last_seq)"
                    " FROM settlement_batch WHERE merchant_id = :app), 0)) AS loose,"
                    " coalesce((SELECT carried_out_fen FROM settlement_batch WHERE merchant_id = :app"
                    " ORDER BY last_seq DESC LIMIT 1), 0) AS carried,"
                    " (SELECT coalesce(sum(payout_fen), 0) FROM settlement_batch WHERE merchant_id = :app"
                    " AND state IN ('closed', 'submitted', 'failed')) AS unpaid,"
                    " coalesce((SELECT balance FROM ledger_account WHERE code = :reserve), 0)"
                    " - (SELECT coalesce(sum(reserve_fen), 0) FROM settlement_batch WHERE merchant_id = :app"
                    " AND released_by IS NULL) AS reserve FROM ledger_account a WHERE a.code = :code"
                ).bindparams(app=row.id, code=code, reserve=chart.merchant_reserve(row.id))
            )
        ).one_or_none()
    if found is None:
        return []
    right = found.balance == found.loose + found.carried + found.unpaid and found.reserve == 0
    return [] if right else [str(found)]


@pytest.mark.parametrize(
    "forged",
    [
        "UPDATE settlement_batch SET payout_fen = 1",
        "DELETE FROM settlement_batch",
        'INSERT INTO settlement_batch SELECT (jsonb_populate_record(b, \'{"id": "again"}\')).* FROM settlement_batch b',
        'INSERT INTO settlement_batch SELECT (jsonb_populate_record(b, \'{"id": "gap", "after_seq": 90,'
        ' "previous_seq": 90, "last_seq": 99}\')).* FROM settlement_batch b',
        "UPDATE merchant SET reviewer = applicant",
    ],
)
async def test_the_database_refuses_a_line_in_two_batches(payments: Payments, clock: ManualClock, forged: str) -> None:
    await merchant(payments)
    await sell(payments, "10.00")
    clock.advance(days=1)
    await payments.settling.due()

    with pytest.raises(DBAPIError):
        async with payments.services.database.transaction() as session:
            await session.execute(text(forged.replace(":", "\\:")))


async def test_without_a_bank_batches_close_and_wait(payments: Payments, clock: ManualClock) -> None:
    await merchant(payments)
    await sell(payments, "10.00")
    clock.advance(days=1)

    await Settling(payments.services, payments.ledger, payments.merchants, None).due()

    assert [found[0] for found in await batches(payments)] == ["closed"]
