"""Books refunds: holds the money before a channel is asked, and posts, or lets go, as the channel says."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.services import Services
from yimen_host.identity.mandates import spending
from yimen_host.payments import alerts, chart, events, receipts
from yimen_host.payments.attempts import ATTEMPT, AttemptEvent, next_query_after
from yimen_host.payments.channels.channel import NotReturned, PaymentChannel, PersonNeeded, RefundFact, Returned
from yimen_host.payments.coupons.redemption import Redemption
from yimen_host.payments.decision import GRANTED, Decision, Refused
from yimen_host.payments.ledger.draft import Leg, hold, post, post_hold, void_hold
from yimen_host.payments.ledger.rule import Posted
from yimen_host.payments.ledger.writer import Writer
from yimen_host.payments.models import AttemptRow, OrderRow, RefundRow
from yimen_host.payments.refunds import REFUND, RefundEvent
from yimen_host.payments.splits.splitting import Splitting
from yimen_host.payments.store import orders
from yimen_host.payments.store import refunds as store
from yimen_host.payments.store.moves import move
from yimen_sdk.money import Money


@dataclass(frozen=True)
class RefundBooking:
    """Where refunds are booked."""

    services: Services
    ledger: Writer
    channels: Mapping[str, PaymentChannel]
    redemption: Redemption
    splitting: Splitting

    async def post_at_once(self, order: OrderRow, attempt: AttemptRow, refund: RefundRow) -> None:
        """Give back what no bank is needed for: the wallet's money, and what coupons paid alone."""
        draft = post(f"refund:{refund.id}", order.id, *await self._legs(order, attempt, refund))

        async def companion(session: AsyncSession) -> Decision:
            if not await move(session, RefundRow, REFUND, refund.id, RefundEvent.PROCESS):
                return Refused("refund")
            return await self._succeed(order, attempt, refund, session)

        if isinstance(await self.ledger.post(draft, companion), Posted):
            await self._receipt(refund)

    async def set_aside(self, order: OrderRow, attempt: AttemptRow, refund: RefundRow) -> bool:
        """Hold the money before the channel is asked; say whether it is held, and was not before."""
        draft = hold(f"refund:{refund.id}:hold", order.id, *await self._legs(order, attempt, refund))

        async def companion(session: AsyncSession) -> Decision:
            moved = await move(session, RefundRow, REFUND, refund.id, RefundEvent.PROCESS)
            return GRANTED if moved else Refused("refund")

        outcome = await self.ledger.post(draft, companion)
        if isinstance(outcome, Posted):
            return not outcome.replayed
        if outcome.detail != "refund":  # such as a top-up that was spent: there is nothing to take back
            await self._fail_before_asking(order, refund)
        return False

    async def _legs(self, order: OrderRow, attempt: AttemptRow, refund: RefundRow) -> list[Leg]:
        """The whole leaves whoever has it: to where the payer paid from, and to campaigns what their coupons paid."""
        internal = self.channels[attempt.channel].capabilities.internal
        if refund.late:
            legs = [Leg(chart.suspense(attempt.channel), -Money(refund.amount_fen, refund.currency))]
        else:
            legs = await self.splitting.return_legs(order, refund)
        if owed := to_payer(refund):
            legs.append(Leg(chart.wallet(order.resident_id) if internal else chart.clearing(attempt.channel), owed))
        return [*legs, *await self.redemption.return_legs(refund)]

    async def book(self, order: OrderRow, attempt: AttemptRow, refund: RefundRow, fact: RefundFact) -> None:
        """Book what a channel, or a person who asked it, says became of a refund."""
        key, held = f"refund:{refund.id}:end", f"refund:{refund.id}:hold"
        match fact:
            case Returned():
                end = post_hold(key, order.id, hold=held)
                if isinstance(await self.ledger.post(end, partial(self._succeed, order, attempt, refund)), Posted):
                    await self._receipt(refund)
            case NotReturned():
                await self.ledger.post(void_hold(key, order.id, hold=held), partial(self._fail, order, refund))
            case PersonNeeded():
                async with self.services.database.transaction() as session:
                    if await move(session, RefundRow, REFUND, refund.id, RefundEvent.GET_STUCK):
                        await alerts.refund_stuck(session, order, refund, self.services.clock.now())
            case _:
                await self.wait(refund)

    async def _succeed(
        self, order: OrderRow, attempt: AttemptRow, refund: RefundRow, session: AsyncSession
    ) -> Decision:
        now = self.services.clock.now()
        if not await move(session, RefundRow, REFUND, refund.id, RefundEvent.SUCCEED, ended_at=now):
            return Refused("refund")
        if refund.late:
            counted = await move(session, AttemptRow, ATTEMPT, attempt.id, AttemptEvent.REFUND)
        else:
            counted = await orders.mark_refunded(session, order.id, refund.amount_fen)
            fresh = await orders.find(session, order.id)
            assert fresh is not None
            counted = counted and await self.redemption.returned(session, fresh, refund, now)
            await spending.give_back(session, attempt.id, refund.amount_fen)
            await receipts.owe_red(session, refund.id)  # late money never had a receipt that could be taken back
        if not counted:
            return Refused("order")
        await events.refund_ended(session, self.services, order, refund, "succeeded", now)
        return GRANTED

    async def _receipt(self, refund: RefundRow) -> None:
        if not refund.late:
            await receipts.issue_red(self.services, refund.id)

    async def _fail(self, order: OrderRow, refund: RefundRow, session: AsyncSession) -> Decision:
        now = self.services.clock.now()
        if not await move(session, RefundRow, REFUND, refund.id, RefundEvent.FAIL, ended_at=now):
            return Refused("refund")
        if refund.late:
            await alerts.late_money_stuck(session, order, refund, now)
        else:
            await orders.release(session, order.id, refund.amount_fen)
            await self.redemption.not_returned(session, refund)
            await self.splitting.not_returned(session, order, refund)
        await events.refund_ended(session, self.services, order, refund, "failed", now)
        return GRANTED

    async def _fail_before_asking(self, order: OrderRow, refund: RefundRow) -> None:
        async with self.services.database.transaction() as session:
            await self._fail(order, refund, session)

    async def wait(self, refund: RefundRow) -> None:
        """Nothing is known: ask again later."""
        ask_at = next_query_after(self.services.clock.now(), refund.queries)
        async with self.services.database.transaction() as session:
            await store.ask_again(session, refund.id, queries=refund.queries + 1, ask_at=ask_at)


def to_payer(refund: RefundRow) -> Money:
    """What goes back to where the payer paid from: the whole but for what campaigns get."""
    return Money(refund.amount_fen - refund.coupon_fen, refund.currency)
