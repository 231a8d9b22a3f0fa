"""Money going back through a bank: whole, in part, refused, stuck, silent, late."""

import asyncio
import datetime as dt
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from sqlalchemy import text
from tests.host.payments.conftest import OnePassword, open_order
from tests.host.raised import raised

from yimen_host.core.clock import ManualClock
from yimen_host.core.services import Services
from yimen_host.payments import sweep
from yimen_host.payments.channels.channel import (
    Ask,
    Capabilities,
    ChannelSilent,
    GoTo,
    Notification,
    NotPaid,
    NotReturned,
    Paid,
    PersonNeeded,
    RefundAsk,
    RefundFact,
    Reply,
    Returned,
    Returning,
    StatementLine,
)
from yimen_host.payments.declined import alert_declined
from yimen_host.payments.errors import NoticeRefused, NotRefundable, NotStuck
from yimen_host.payments.facade import Payments
from yimen_host.payments.ledger import books
from yimen_host.payments.models import AttemptRow, OrderRow, RefundRow
from yimen_sdk.bilingual import Bilingual
from yimen_sdk.money import Money, yuan

SILENT = "silent"
CLEARING, PAYABLE, SUSPENSE = "channel:slow:clearing", "merchant:greeting:payable", "suspense:slow"


@dataclass
class SlowBank:
    """A channel that answers about refunds what it was told to, in turn, and remembers what it was asked."""

    answers: deque[RefundFact | str] = field(default_factory=deque)
    asked: list[tuple[str, str]] = field(default_factory=list)
    id: ClassVar = "slow"
    title: ClassVar = Bilingual(zh="慢银行", en="Slow Bank")
    capabilities: ClassVar = Capabilities()

    async def prepare(self, ask: Ask) -> GoTo:
        return GoTo("https://slow.bank/pay", f"slow.{ask.attempt_id}")

    async def query(self, attempt_id: str) -> NotPaid:
        return NotPaid("unknown")

    async def close(self, attempt_id: str) -> NotPaid:
        return NotPaid("closed")

    async def refund(self, ask: RefundAsk) -> RefundFact:
        self.asked.append(("refund", str(ask.amount)))
        return self._answer()

    async def query_refund(self, ask: RefundAsk) -> RefundFact:
        self.asked.append(("query", ask.refund_id))
        return self._answer()

    def parse_notification(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Notification:
        raise NoticeRefused("this bank sends none")

    def reply(self, refused: str | None) -> Reply:
        return Reply(401)

    async def statement(self, day: dt.date) -> AsyncIterator[StatementLine]:
        return
        yield

    def _answer(self) -> RefundFact:
        answer = self.answers.popleft()
        if isinstance(answer, str):
            raise ChannelSilent(answer)
        return answer


@pytest.fixture
def bank() -> SlowBank:
    """The bank of this test."""
    return SlowBank()


@pytest.fixture
async def payments(services: Services, bank: SlowBank) -> Any:  # Any: an async generator, typed by its use
    """Running payments with the slow bank."""
    running = Payments(services, OnePassword(), more_channels=[bank])
    await running.start()
    yield running
    await running.stop()


async def paid(payments: Payments, amount: str = "8.00") -> tuple[OrderRow, AttemptRow]:
    """An order that the bank says is paid."""
    order = await open_order(payments, yuan(amount))
    attempt = await payments.till.pay(order, channel="slow", form_key="f", password="135790")
    assert isinstance(attempt, AttemptRow)
    await payments.booking.apply(attempt, Paid(yuan(amount), "slow"))
    return order, attempt


async def late(payments: Payments) -> OrderRow:
    """A cancelled order for which the bank took money all the same."""
    order = await open_order(payments, yuan("8.00"))
    attempt = await payments.till.pay(order, channel="slow", form_key="f", password="135790")
    assert isinstance(attempt, AttemptRow)
    async with payments.services.database.transaction() as session:
        await payments.orders.cancel(session, order)
    await payments.booking.apply(attempt, Paid(yuan("8.00"), "slow"))
    return order


async def give_back(payments: Payments, order: OrderRow, amount: Money, key: str = "k") -> RefundRow:
    """Ask for a refund as a mini-app does."""
    async with payments.services.database.transaction() as session:
        row = await payments.refunding.request(session, order, amount, reason="凉了", key=key)
    return await payments.refunding.proceed(row.id)


async def standing(payments: Payments, order: OrderRow) -> dict[str, Any]:
    """The states of an order, its attempts and its refunds, what is reserved, and all the money."""
    async with payments.services.database.transaction() as session:
        row = (
            await session.execute(
                text("SELECT state, reserved_fen, refunded_fen FROM payment_order WHERE id = :id"), {"id": order.id}
            )
        ).one()
        attempts = await session.scalars(
            text("SELECT state FROM payment_attempt WHERE order_id = :id ORDER BY id"), {"id": order.id}
        )
        refunds = await session.scalars(
            text("SELECT state FROM payment_refund WHERE order_id = :id ORDER BY id"), {"id": order.id}
        )
        money = await session.execute(
            text("SELECT code, balance, balance - held FROM ledger_account WHERE balance <> 0 OR held <> 0")
        )
        found = {
            "order": tuple(row),
            "attempts": list(attempts),
            "refunds": list(refunds),
            "money": {code: (balance, available) for code, balance, available in money},
        }
        assert await books.audit(session) == []
    return found


async def test_a_bank_gives_the_whole_back(payments: Payments, bank: SlowBank) -> None:
    order, _ = await paid(payments)
    bank.answers.append(Returned())

    await give_back(payments, order, yuan("8.00"))

    assert await standing(payments, order) == {
        "order": ("refunded", 800, 800),
        "attempts": ["settled"],
        "refunds": ["succeeded"],
        "money": {},
    }


async def test_a_bank_gives_parts_back_and_never_more_than_the_whole(payments: Payments, bank: SlowBank) -> None:
    order, _ = await paid(payments)
    bank.answers += [Returned(), Returned()]

    await give_back(payments, order, yuan("3.00"), "a")
    await give_back(payments, order, yuan("3.00"), "b")
    with pytest.raises(NotRefundable):
        await give_back(payments, order, yuan("3.00"), "c")

    assert bank.asked == [("refund", "3.00"), ("refund", "3.00")]
    assert await standing(payments, order) == {
        "order": ("partially_refunded", 600, 600),
        "attempts": ["settled"],
        "refunds": ["succeeded", "succeeded"],
        "money": {CLEARING: (-200, -200), PAYABLE: (200, 200)},
    }


async def test_a_refused_refund_frees_what_it_reserved(payments: Payments, bank: SlowBank) -> None:
    order, _ = await paid(payments)
    bank.answers += [NotReturned("card_closed"), Returned()]

    await give_back(payments, order, yuan("8.00"), "a")
    refused = await standing(payments, order)
    await give_back(payments, order, yuan("8.00"), "b")

    assert refused == {
        "order": ("paid", 0, 0),
        "attempts": ["settled"],
        "refunds": ["failed"],
        "money": {CLEARING: (-800, -800), PAYABLE: (800, 800)},
    }
    assert (await standing(payments, order))["refunds"] == ["failed", "succeeded"]


async def test_money_stays_set_aside_while_the_bank_is_silent(
    payments: Payments, bank: SlowBank, clock: ManualClock
) -> None:
    order, _ = await paid(payments)
    bank.answers += [SILENT, Returning(), NotReturned("unknown"), Returned()]

    await give_back(payments, order, yuan("8.00"))
    silent = await standing(payments, order)
    for _ in range(2):
        clock.advance(minutes=1)
        await sweep.sweep(payments)

    assert silent == {
        "order": ("paid", 800, 0),
        "attempts": ["settled"],
        "refunds": ["processing"],
        "money": {CLEARING: (-800, -800), PAYABLE: (800, 0)},
    }
    assert [what for what, _ in bank.asked] == ["refund", "query", "query", "refund"]
    assert (await standing(payments, order))["order"] == ("refunded", 800, 800)


async def test_a_stuck_refund_is_listed_and_can_be_tried_again(payments: Payments, bank: SlowBank) -> None:
    order, _ = await paid(payments)
    bank.answers += [PersonNeeded("card_closed"), Returned()]

    stuck = await give_back(payments, order, yuan("8.00"))
    listed = await payments.refunding.stuck()
    done = await payments.refunding.retry(stuck.id)

    assert [(row.id, row.state) for row in listed] == [(stuck.id, "needs_action")]
    assert await raised(payments.services.database) == [("refund_stuck", stuck.id)]
    assert done.state == "succeeded"
    assert await payments.refunding.stuck() == []
    assert (await standing(payments, order))["money"] == {}


@pytest.mark.parametrize(
    ("fact", "state", "left"),
    [
        (Returned(), "succeeded", {}),
        (NotReturned("by_hand"), "failed", {CLEARING: (-800, -800), PAYABLE: (800, 800)}),
    ],
)
async def test_a_person_can_say_how_a_stuck_refund_ended(
    payments: Payments, bank: SlowBank, fact: Returned | NotReturned, state: str, left: dict[str, Any]
) -> None:
    order, _ = await paid(payments)
    bank.answers.append(PersonNeeded("card_closed"))
    stuck = await give_back(payments, order, yuan("8.00"))

    decided = await payments.refunding.decide(stuck.id, fact)

    assert decided.state == state
    assert (await standing(payments, order))["money"] == left
    with pytest.raises(NotStuck):
        await payments.refunding.decide(stuck.id, Returned())


async def test_a_declined_refund_that_nobody_asks_for_again_is_told_once(
    payments: Payments, bank: SlowBank, clock: ManualClock
) -> None:
    given_up, tried_again = (await paid(payments))[0], (await paid(payments))[0]
    bank.answers += [NotReturned("closed")] * 4 + [Returned()]
    declined = [await give_back(payments, given_up, yuan("8.00"), key) for key in ("k.0", "k.1", "k.2")]
    await give_back(payments, tried_again, yuan("8.00"))

    early = await alert_declined(payments)
    await give_back(payments, tried_again, yuan("8.00"), "k.1")
    clock.advance(minutes=16)
    told = [await alert_declined(payments) for _ in range(2)]

    assert (early, told) == (0, [1, 0])
    assert await raised(payments.services.database) == [("refund_declined", declined[-1].id)]


async def test_late_money_that_the_bank_refuses_stays_in_sight_until_it_goes_back(
    payments: Payments, bank: SlowBank
) -> None:
    bank.answers += [NotReturned("account_closed"), NotReturned("account_closed"), Returned()]
    order = await late(payments)

    refused = await standing(payments, order)
    (first,) = await payments.refunding.stuck()
    await payments.refunding.retry(first.id)
    (second,) = await payments.refunding.stuck()
    await payments.refunding.retry(second.id)

    assert refused == {
        "order": ("cancelled", 0, 0),
        "attempts": ["late"],
        "refunds": ["failed"],
        "money": {CLEARING: (-800, -800), SUSPENSE: (800, 800)},
    }
    assert first.id != second.id
    assert await raised(payments.services.database) == [
        ("late_money_stuck", first.id), ("late_money_stuck", second.id),
    ]  # fmt: skip
    assert await payments.refunding.stuck() == []
    assert await standing(payments, order) == {
        "order": ("cancelled", 0, 0),
        "attempts": ["refunded"],
        "refunds": ["failed", "failed", "succeeded"],
        "money": {},
    }


async def test_one_key_asked_for_many_times_at_one_moment_is_one_refund(payments: Payments, bank: SlowBank) -> None:
    bank.answers += [Returned()] * 6
    order, _ = await paid(payments)

    refunds = await asyncio.gather(*(give_back(payments, order, yuan("2.00")) for _ in range(6)))

    assert len({refund.id for refund in refunds}) == 1
    assert await standing(payments, order) == {
        "order": ("partially_refunded", 200, 200),
        "attempts": ["settled"],
        "refunds": ["succeeded"],
        "money": {CLEARING: (-600, -600), PAYABLE: (600, 600)},
    }


async def test_a_retry_that_was_pressed_twice_gives_back_once(payments: Payments, bank: SlowBank) -> None:
    bank.answers += [NotReturned("account_closed"), Returned()]
    order = await late(payments)
    (stuck,) = await payments.refunding.stuck()

    done = [await payments.refunding.retry(stuck.id) for _ in range(2)]

    assert done[0].id == done[1].id
    assert [what for what, _ in bank.asked] == ["refund", "refund"]
    assert (await standing(payments, order))["refunds"] == ["failed", "succeeded"]
