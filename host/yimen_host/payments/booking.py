"""Turns what channels say into money and state.

A fact may come twice, late, or by three ways at once (notice, query, page): what it does is one posting under the
attempt's own key, guarded by the attempt's state and the order's in the same commit.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from sqlalchemy import ColumnElement, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from yimen_host.core.services import Services
from yimen_host.identity.mandates import spending
from yimen_host.payments import chart, events, receipts
from yimen_host.payments.attempts import ATTEMPT, AttemptEvent, next_query_after
from yimen_host.payments.channels.channel import NotPaid, Paid, PaymentChannel, PaymentFact
from yimen_host.payments.coupons.redemption import Redemption
from yimen_host.payments.decision import GRANTED, Decision, Refused
from yimen_host.payments.ledger.draft import Leg, post, transfer
from yimen_host.payments.ledger.rule import Posted, Reason, Refusal
from yimen_host.payments.ledger.writer import Writer
from yimen_host.payments.models import AttemptRow, OrderRow
from yimen_host.payments.orders import ORDER, OrderEvent
from yimen_host.payments.refunding import Refunding
from yimen_host.payments.splits.splitting import Splitting
from yimen_host.payments.store import attempts as store
from yimen_host.payments.store import orders
from yimen_host.payments.store.moves import move
from yimen_sdk.money import Money

ATTEMPT_GUARD = "attempt"
ORDER_GUARD = "order"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Booking:
    """Everything that acting on a channel's words needs."""

    services: Services
    ledger: Writer
    channels: Mapping[str, PaymentChannel]
    refunding: Refunding
    redemption: Redemption
    splitting: Splitting

    async def apply(self, attempt: AttemptRow, fact: PaymentFact) -> None:
        """Act on a fact about an attempt; on the same one again it does nothing."""
        match fact:
            case Paid():
                await self._take(attempt, fact)
            case NotPaid(reason):
                await self.decline(attempt, reason)
            case _:
                await self._wait(attempt)

    async def decline(self, attempt: AttemptRow, reason: str) -> None:
        """No money moved, and none will."""
        async with self.services.database.transaction() as session:
            now = self.services.clock.now()
            if await move(session, AttemptRow, ATTEMPT, attempt.id, AttemptEvent.DECLINE, reason=reason, ended_at=now):
                await spending.give_back(session, attempt.id)

    async def doubt(self, attempt: AttemptRow) -> None:
        """The channel did not answer: we do not know, and ask again."""
        async with self.services.database.transaction() as session:
            await move(session, AttemptRow, ATTEMPT, attempt.id, AttemptEvent.DOUBT, reason="silent")
        await self._wait(attempt)

    async def _take(self, attempt: AttemptRow, paid: Paid) -> None:
        """Book money that a channel took: for the order when it waits for just this, else into suspense."""
        async with self.services.database.transaction() as session:
            order = await orders.find(session, attempt.order_id)
        assert order is not None
        internal = self.channels[attempt.channel].capabilities.internal
        source = chart.wallet(order.resident_id) if internal else chart.clearing(attempt.channel)
        if paid.amount == Money(attempt.amount_fen, attempt.currency):
            coupons, payees = await self.redemption.legs(attempt), await self.splitting.legs(order)
            legs = (Leg(source, -paid.amount), *coupons, *payees)
            draft = post(f"take:{attempt.id}", order.id, *legs)
            outcome = await self.ledger.post(draft, partial(self._settle, order, attempt, paid, internal))
            if isinstance(outcome, Posted):
                await receipts.issue(self.services, order.id)
                return
            if internal:
                await self.decline(attempt, _why_not(outcome))
                return
            reason = "order_not_open" if outcome.detail == ORDER_GUARD else "given_up"
        else:
            reason = "amount_differs"
        await self._suspend(order, attempt, paid, reason)

    async def _settle(
        self, order: OrderRow, attempt: AttemptRow, paid: Paid, internal: bool, session: AsyncSession
    ) -> Decision:
        now = self.services.clock.now()
        if not await move(
            session,
            AttemptRow,
            ATTEMPT,
            attempt.id,
            AttemptEvent.SETTLE,
            channel_ref=paid.channel_ref,
            ended_at=now,
        ):
            return Refused(ATTEMPT_GUARD)
        # A bank's money counts also just after the order's time, as long as nobody was told that it expired.
        in_time: ColumnElement[bool] = col(OrderRow.expires_at) > now if internal else true()
        if not await move(session, OrderRow, ORDER, order.id, OrderEvent.PAY, in_time, ended_at=now):
            return Refused(ORDER_GUARD)
        if not await self.redemption.use(session, attempt, now):
            return Refused(ORDER_GUARD)
        await receipts.owe(session, order.id)
        await events.payment_settled(session, self.services, order, now)
        return GRANTED

    async def _suspend(self, order: OrderRow, attempt: AttemptRow, paid: Paid, reason: str) -> None:
        """Keep money that no open order waits for where it can be seen, and begin to give it back."""
        draft = transfer(
            f"take:{attempt.id}",
            order.id,
            debit=chart.clearing(attempt.channel),
            credit=chart.suspense(attempt.channel),
            amount=paid.amount,
        )
        outcome = await self.ledger.post(draft, partial(self._come_late, order, attempt, paid, reason))
        if isinstance(outcome, Posted):
            _log.warning("payment %s of order %s is in suspense: %s", attempt.id, order.id, reason)
            await self.refunding.give_back_late(order, attempt)

    async def _come_late(
        self, order: OrderRow, attempt: AttemptRow, paid: Paid, reason: str, session: AsyncSession
    ) -> Decision:
        now = self.services.clock.now()
        if not await move(
            session,
            AttemptRow,
            ATTEMPT,
            attempt.id,
            AttemptEvent.COME_LATE,
            channel_ref=paid.channel_ref,
            reason=reason,
            ended_at=now,
        ):
            return Refused(ATTEMPT_GUARD)
        await spending.give_back(session, attempt.id)
        await self.refunding.request_late(session, order, attempt, paid.amount, reason)
        await events.money_late(session, self.services, order, paid.amount.fen, now)
        return GRANTED

    async def _wait(self, attempt: AttemptRow) -> None:
        ask_at = next_query_after(self.services.clock.now(), attempt.queries)
        async with self.services.database.transaction() as session:
            await store.ask_again(session, attempt.id, queries=attempt.queries + 1, ask_at=ask_at)


def _why_not(refusal: Refusal) -> str:
    if refusal.reason is Reason.FLOOR:
        return "not_enough"
    return "order_not_open" if refusal.detail == ORDER_GUARD else refusal.reason.value
