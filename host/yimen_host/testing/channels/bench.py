"""What the suite runs a channel on: the host's real till, refunds and ledger, a clock, and the channel's far side."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import text

from yimen_host.core.clock import ManualClock
from yimen_host.core.services import Services
from yimen_host.payments.channels.channel import PaymentChannel
from yimen_host.payments.chart import grants, wallet
from yimen_host.payments.decision import GRANTED, Decision
from yimen_host.payments.facade import Payments
from yimen_host.payments.ledger import books
from yimen_host.payments.ledger.draft import transfer
from yimen_host.payments.models import AttemptRow, OrderRow, RefundRow
from yimen_host.payments.ordering import NewOrder, Payee
from yimen_host.payments.store import attempts, orders, refunds
from yimen_sdk.money import Money, yuan

PRICE = yuan("8.00")
RESIDENT, MERCHANT = "payer", Payee("shop", "试店", "试店")


@dataclass(frozen=True)
class Notice:
    """A provider's notice as it arrives."""

    headers: Mapping[str, str]
    body: bytes


class Outside(Protocol):
    """The channel's provider and the payer, as the suite moves them. Written by the channel's author."""

    async def pay(self, attempt: AttemptRow, amount: Money) -> None:
        """Let the payer pay so much, also when the payment was closed before: such things happen."""
        ...

    async def decline(self, attempt: AttemptRow) -> None:
        """Let the payer refuse."""
        ...

    async def notice(self, attempt: AttemptRow, *, forged: bool = False) -> Notice:
        """Make the notice about a payment as it stands, signed anew; ``forged``: by another key."""
        ...

    async def strange_notice(self) -> Notice:
        """Make a rightly signed notice about a payment that this host never asked for."""
        ...

    async def silence(self, silent: bool) -> None:
        """Let the provider answer nothing, or answer again."""
        ...

    async def given_back(self, attempt: AttemptRow) -> Money:
        """How much of a payment the provider says went back."""
        ...


class Trusting:
    """The payment password of the suite: always right."""

    async def verify(self, resident_id: str, typed: str) -> Decision:
        """Grant."""
        return GRANTED


@dataclass
class Bench:
    """One channel under test."""

    payments: Payments
    channel: PaymentChannel
    outside: Outside
    clock: ManualClock

    async def order(self) -> OrderRow:
        """An open order."""
        new = NewOrder("一杯茶", PRICE, reference=None, return_path="/")
        async with self.payments.services.database.transaction() as session:
            return await self.payments.orders.open(session, new, MERCHANT, RESIDENT)

    async def begin(self, order: OrderRow, form: str = "form") -> AttemptRow:
        """Begin to pay an order through the channel."""
        attempt = await self.payments.till.pay(order, channel=self.channel.id, form_key=form, password="")
        assert isinstance(attempt, AttemptRow)
        return attempt

    async def hear(self, notice: Notice) -> None:
        """Let a notice arrive. Raises NoticeRefused."""
        await self.payments.till.hear(self.channel.id, notice.headers, notice.body)

    async def paid(self) -> tuple[OrderRow, AttemptRow]:
        """An order that was paid, and the host knows."""
        order = await self.order()
        attempt = await self.begin(order)
        if not self.channel.capabilities.internal:
            await self.outside.pay(attempt, PRICE)
            await self.payments.till.ask(attempt.id)
        return order, attempt

    async def give_back(self, order: OrderRow, amount: Money, key: str) -> RefundRow:
        """Ask for a refund as a mini-app does, and go on until the channel has an answer or is silent."""
        async with self.payments.services.database.transaction() as session:
            row = await self.payments.refunding.request(session, order, amount, reason="退", key=key)
        return await self.payments.refunding.proceed(row.id)

    async def states(self, order: OrderRow) -> tuple[str, list[str]]:
        """The state of an order, and of its attempts from the oldest on."""
        async with self.payments.services.database.transaction() as session:
            fresh = await orders.find(session, order.id)
            tried = await attempts.of_order(session, order.id)
        assert fresh is not None
        return fresh.state, [attempt.state for attempt in reversed(tried)]

    async def refund_states(self, order: OrderRow) -> list[str]:
        """The states of an order's refunds, from the oldest on."""
        async with self.payments.services.database.transaction() as session:
            return [row.state for row in await refunds.of_order(session, order.id)]

    async def money(self) -> dict[str, int]:
        """What is in every account of the suite, in fen; raises when the ledger does not add up."""
        async with self.payments.services.database.transaction() as session:
            assert await books.audit(session) == []
            rows = await session.execute(
                text("SELECT code, balance FROM ledger_account WHERE balance <> 0 AND code NOT LIKE 'grants:%'")
            )
            return {row.code: row.balance for row in rows}

    async def journal(self) -> int:
        """How many transactions the ledger has."""
        async with self.payments.services.database.transaction() as session:
            return int(await session.scalar(text("SELECT count(*) FROM journal_transaction")) or 0)


@asynccontextmanager
async def bench_of(services: Services, channel: PaymentChannel, outside: Outside) -> AsyncIterator[Bench]:
    """A bench on a migrated database that nothing else uses; ``services.clock`` is a ManualClock."""
    clock = services.clock
    assert isinstance(clock, ManualClock)
    services = Services(
        services.settings.model_copy(update={"demo": False}),
        services.database,
        services.keyring,
        clock,
        services.ids,
    )
    payments = Payments(services, Trusting())
    payments.channels[channel.id] = channel
    await payments.start()
    try:
        grant = transfer("grant", "grant", debit=grants("test"), credit=wallet(RESIDENT), amount=yuan("100.00"))
        await payments.ledger.post(grant)
        yield Bench(payments, channel, outside, clock)
    finally:
        await payments.stop()
