"""Closes merchants' batches and pays them: set aside first, then the bank, then booked as the bank says."""

import datetime as dt
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.services import Services
from yimen_host.payments import alerts, chart
from yimen_host.payments.channels.asking import in_time
from yimen_host.payments.channels.channel import ChannelSilent
from yimen_host.payments.decision import GRANTED, Decision, Refused
from yimen_host.payments.ledger import books
from yimen_host.payments.ledger.draft import Leg, hold, post, post_hold, void_hold
from yimen_host.payments.ledger.rule import Posted
from yimen_host.payments.ledger.writer import Writer
from yimen_host.payments.merchants import store as merchants
from yimen_host.payments.merchants.models import MerchantRow
from yimen_host.payments.merchants.register import Register
from yimen_host.payments.merchants.states import MerchantState
from yimen_host.payments.settlement.batches import BatchEvent, BatchState
from yimen_host.payments.settlement.errors import BatchMoved
from yimen_host.payments.settlement.models import BatchRow
from yimen_host.payments.settlement.payouts import NotPaidOut, PaidOut, Payout, PayoutFact, Payouts
from yimen_host.payments.settlement.reckoning import Reckoning, reckon
from yimen_host.payments.settlement.store import batches as store
from yimen_host.payments.settlement.store.lines import Line, cut, each_line, lines
from yimen_sdk.money import Money
from yimen_sdk.pages import CHINA

AT_ONCE = 100  # batches paid or asked about in one run; what is left comes with the next


@dataclass(frozen=True)
class Settling:
    """Everything that paying merchants needs. Without ``payouts`` batches close and wait."""

    services: Services
    ledger: Writer
    register: Register
    payouts: Payouts | None

    async def due(self) -> None:
        """Close what the days say is due, pay what is closed, ask about what was paid and not confirmed."""
        async with self.services.database.transaction() as session:
            approved = await merchants.approved(session)
        for merchant in approved:
            await self.close(merchant)
        async with self.services.database.transaction() as session:
            batches = await store.moving(session, AT_ONCE)
        for batch in batches:
            await self.proceed(batch.id)

    async def close(self, merchant: MerchantRow) -> BatchRow | None:
        """Close the batch of a merchant's lines that are ``settle_days`` old, if there is anything to settle."""
        now = self.services.clock.now()
        today = dt.datetime.combine(now.astimezone(CHINA).date(), dt.time(), CHINA)
        return await self._close(merchant, before=today - dt.timedelta(days=merchant.settle_days - 1))

    async def settle_now(self, merchant_id: str) -> BatchRow | None:
        """Close and pay a merchant's lines up to this moment, whatever its days, if it is approved."""
        merchant = await self.register.find(merchant_id)
        if merchant is None or merchant.state != MerchantState.APPROVED:
            return None
        row = await self._close(merchant, before=self.services.clock.now() + dt.timedelta(microseconds=1))
        return None if row is None else await self.proceed(row.id)

    async def _close(self, merchant: MerchantRow, *, before: dt.datetime) -> BatchRow | None:
        row = await self._reckoned(merchant, before)
        if row is None:
            return None
        more = [
            Leg(account, Money(fen))
            for account, fen in (
                (chart.merchant_payable(merchant.id), row.released_fen - row.fee_fen - row.reserve_fen),
                (chart.FEES, row.fee_fen),
                (chart.merchant_reserve(merchant.id), row.reserve_fen - row.released_fen),
            )
            if fen
        ]
        companion = partial(self._append, row)
        if more:
            outcome = await self.ledger.post(post(f"settle:{merchant.id}:{row.after_seq}", row.id, *more), companion)
            return row if isinstance(outcome, Posted) and not outcome.replayed else None
        async with self.services.database.transaction() as session, session.begin_nested() as undoable:
            if await companion(session) is GRANTED:
                return row
            await undoable.rollback()
        return None

    async def proceed(self, batch_id: str) -> BatchRow:
        """Bring a batch as far as it goes now; calling it again, or twice at once, does no more."""
        batch = await self.find(batch_id)
        merchant = await self.register.find(batch.merchant_id)
        if self.payouts is None or merchant is None or merchant.state != MerchantState.APPROVED:
            return batch
        if batch.state == BatchState.CLOSED:
            if await self._set_aside(batch):
                batch = await self.find(batch_id)
                await self._act_on(batch, merchant, self.payouts.send(self._payout(batch, merchant)))
        elif batch.state == BatchState.SUBMITTED:
            await self._act_on(batch, merchant, self._find_out(self.payouts, self._payout(batch, merchant)))
        return await self.find(batch_id)

    async def pay_again(self, batch_id: str) -> BatchRow:
        """Pay a failed batch again, under a number of its own. Raises BatchMoved."""
        async with self.services.database.transaction() as session:
            if not await store.move(session, batch_id, BatchEvent.REOPEN, reason=None, ended_at=None):
                raise BatchMoved(batch_id)
        return await self.proceed(batch_id)

    async def find(self, batch_id: str) -> BatchRow:
        """A batch as it stands now."""
        async with self.services.database.transaction() as session:
            row = await store.find(session, batch_id)
        if row is None:
            raise BatchMoved(batch_id)
        return row

    async def newest(self, merchant_id: str, limit: int = 60) -> Sequence[BatchRow]:
        """A merchant's batches, newest first."""
        async with self.services.database.transaction() as session:
            return await store.newest(session, merchant_id, limit)

    async def lines(self, row: BatchRow) -> Sequence[Line]:
        """A batch's lines."""
        async with self.services.database.transaction() as session:
            return await each_line(session, chart.merchant_payable(row.merchant_id), row)

    async def owed(self, merchant_id: str) -> tuple[Money, Money]:
        """What a merchant is owed now, and what is kept back of it."""
        async with self.services.database.transaction() as session:
            payable = await books.balance(session, chart.merchant_payable(merchant_id))
            reserve = await books.balance(session, chart.merchant_reserve(merchant_id))
        return payable.posted, reserve.posted

    async def _reckoned(self, merchant: MerchantRow, before: dt.datetime) -> BatchRow | None:
        now = self.services.clock.now()
        code = chart.merchant_payable(merchant.id)
        async with self.services.database.transaction() as session:
            previous = await store.last(session, merchant.id)
            after = previous.last_seq if previous else 0
            last = await cut(session, code, after=after, before=before)
            found = await lines(session, merchant.id, code, after=after, last=last)
            released = await store.releasable(session, merchant.id, now)
            available = (await books.balance(session, code)).available.fen
        carried = previous.carried_out_fen if previous else 0
        if last == after or not (found.count or released or carried > 0):
            return None
        reckoned = reckon(
            found, reserve_bp=merchant.reserve_bp, released=released, carried_in=carried, available=available
        )
        return self._row(merchant, after, last, found.count, reckoned)

    def _row(self, merchant: MerchantRow, after: int, last: int, lines: int, reckoned: Reckoning) -> BatchRow:
        now = self.services.clock.now()
        return BatchRow(
            id=self.services.ids.new("set"),
            merchant_id=merchant.id,
            after_seq=after,
            previous_seq=after or None,
            last_seq=last,
            lines=lines,
            gross_fen=reckoned.gross,
            fee_fen=reckoned.fee,
            reserve_fen=reckoned.reserve,
            released_fen=reckoned.released,
            carried_in_fen=reckoned.carried_in,
            payout_fen=reckoned.payout,
            carried_out_fen=reckoned.carried_out,
            reserve_until=now + dt.timedelta(days=merchant.reserve_days),
            state=BatchState.CLOSED if reckoned.payout else BatchState.CARRIED,
            closed_at=now,
        )

    async def _append(self, row: BatchRow, session: AsyncSession) -> Decision:
        return GRANTED if await store.add(session, row, row.closed_at) else Refused("batch")

    async def _set_aside(self, batch: BatchRow) -> bool:
        assert self.payouts is not None
        amount = Money(batch.payout_fen)
        legs = Leg(chart.merchant_payable(batch.merchant_id), -amount), Leg(chart.bank(self.payouts.id), amount)
        draft = hold(_key(batch.id, batch.tries + 1), batch.id, *legs)

        async def companion(session: AsyncSession) -> Decision:
            moved = await store.move(session, batch.id, BatchEvent.SUBMIT, tries=batch.tries + 1)
            return GRANTED if moved else Refused("batch")

        outcome = await self.ledger.post(draft, companion)
        return isinstance(outcome, Posted) and not outcome.replayed

    async def _find_out(self, payouts: Payouts, payout: Payout) -> PayoutFact:
        """Ask about a payout that the bank may never have heard of: then it is safe to ask for it again."""
        fact = await payouts.query(payout.id)
        return await payouts.send(payout) if fact == NotPaidOut("unknown") else fact

    async def _act_on(self, batch: BatchRow, merchant: MerchantRow, question: Awaitable[PayoutFact]) -> None:
        held, now = _key(batch.id, batch.tries), self.services.clock.now()

        async def companion(session: AsyncSession) -> Decision:
            event, reason = (BatchEvent.FAIL, fact.reason) if isinstance(fact, NotPaidOut) else (BatchEvent.PAY, None)
            moved = await store.move(session, batch.id, event, reason=reason, ended_at=now)
            if moved and reason is not None:
                await alerts.payout_failed(session, merchant, batch, reason, now)
            return GRANTED if moved else Refused("batch")

        try:
            fact = await in_time(question)
        except ChannelSilent:
            return
        match fact:
            case PaidOut():
                await self.ledger.post(post_hold(f"{held}:end", batch.id, hold=held), companion)
            case NotPaidOut():
                await self.ledger.post(void_hold(f"{held}:end", batch.id, hold=held), companion)

    def _payout(self, batch: BatchRow, merchant: MerchantRow) -> Payout:
        name, account = merchant.legal_name, self.register.account(merchant)
        return Payout(f"{batch.id}-{batch.tries}", name, merchant.bank, account, Money(batch.payout_fen))


def _key(batch_id: str, tries: int) -> str:
    return f"settle:{batch_id}:{tries}"
