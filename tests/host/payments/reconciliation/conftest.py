"""A bank whose bill can be spoiled, and residents who pay at it on Friday the 20th."""

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from tests.host.payments.conftest import PASSWORD, OnePassword, open_order

from yimen_host.core.clock import ManualClock
from yimen_host.core.services import Services
from yimen_host.payments.channels.channel import (
    Capabilities,
    ChannelSilent,
    NoStatement,
    RefundAsk,
    RefundFact,
    StatementLine,
)
from yimen_host.payments.channels.sandbox_bank.bank import Bank, BankState
from yimen_host.payments.channels.sandbox_bank.channel import SandboxBank
from yimen_host.payments.facade import Payments
from yimen_host.payments.models import AttemptRow
from yimen_host.payments.reconciliation.store import breaks as store
from yimen_sdk.money import Money, yuan

FRIDAY = dt.date(2026, 11, 20)
BANK = "sandbox-bank"


class BillingBank(SandboxBank):
    """The sandbox bank, whose bill is changed on its way to us, or does not come."""

    capabilities = Capabilities(fee_bp=0)

    def __init__(self, bank: Bank) -> None:
        super().__init__(bank)
        self.extra: list[StatementLine] = []
        self.instead: dict[str, list[StatementLine]] = {}
        self.silent = self.says_none = False
        self.answers: list[RefundFact] = []

    async def refund(self, ask: RefundAsk) -> RefundFact:
        """What the test wants to hear, then the bank's own answer."""
        return self.answers.pop(0) if self.answers else await super().refund(ask)

    async def statement(self, day: dt.date) -> AsyncIterator[StatementLine]:
        """The true bill with the changes that the test made."""
        if self.silent:
            raise ChannelSilent("the bill is not ready")
        if self.says_none:
            raise NoStatement("there is no bill")
        async for line in super().statement(day):
            for told in self.instead.get(line.our_ref, [line]):
                yield told
        for line in self.extra:
            if line.at.date() == day:
                yield line


@dataclass
class Scene:
    """Payments, the bank, and the clock."""

    payments: Payments
    bank: BillingBank
    clock: ManualClock

    async def pay(self, amount: str, *, state: BankState = BankState.PAID, told: bool = True) -> AttemptRow:
        """A resident pays at the bank, which tells us or not."""
        order = await open_order(self.payments, yuan(amount))
        attempt = await self.payments.till.pay(order, channel=BANK, form_key="form", password=PASSWORD)
        assert isinstance(attempt, AttemptRow)
        assert attempt.channel_ref is not None
        await self.bank.bank.decide(attempt.channel_ref, state)
        if told:
            payment = await self.bank.bank.payment(attempt.channel_ref)
            assert payment is not None
            notice = self.bank.bank.notice(payment)
            await self.payments.till.hear(BANK, notice.headers, notice.body)
        return await self.payments.till.attempt(attempt.id)

    def line(self, attempt: AttemptRow, **changes: object) -> StatementLine:
        """The bill's line of a payment, changed."""
        made = StatementLine(
            BANK, attempt.channel_ref or "", attempt.id, "payment", Money(attempt.amount_fen), Money(0),
            self.clock.now(),
        )  # fmt: skip
        return made._replace(**changes)  # type: ignore[arg-type]  # the test names the fields

    async def breaks(self, day: dt.date = FRIDAY) -> list[tuple[str, str, int, str, str | None]]:
        """Each break of a day: number, kind, difference, state, how it ended."""
        async with self.payments.services.database.transaction() as session:
            rows = await store.of_day(session, BANK, day)
        return [(row.ref, row.kind, row.difference_fen, row.state, row.resolution) for row in rows]

    async def only_break(self, day: dt.date = FRIDAY) -> str:
        """The id of a day's one break."""
        (row,) = [row for row in await self.payments.resolving.page() if row.day == day]
        return row.id

    async def unexplained(self) -> int:
        """The one number."""
        return (await self.payments.resolving.overview()).unexplained.fen


@pytest.fixture
def clock() -> ManualClock:
    """Friday noon in China."""
    return ManualClock(dt.datetime(2026, 11, 20, 4, tzinfo=dt.UTC))


@pytest.fixture
async def scene(services: Services, clock: ManualClock) -> AsyncIterator[Scene]:
    """Running payments with a bank whose bill can be spoiled."""
    running = Payments(services, OnePassword())
    assert running.bank is not None
    bank = BillingBank(running.bank)
    running.channels[BANK] = bank
    await running.start()
    yield Scene(running, bank, clock)
    await running.stop()
