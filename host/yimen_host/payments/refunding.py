"""Gives money back: reserves it on the order first, then asks the channel, then lets what it says be booked."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.errors import Invalid
from yimen_host.core.services import Services
from yimen_host.payments.attempts import AttemptState, next_query_after
from yimen_host.payments.channels.asking import in_time
from yimen_host.payments.channels.channel import (
    ChannelSilent,
    NotReturned,
    PaymentChannel,
    RefundAsk,
    RefundFact,
    Returned,
)
from yimen_host.payments.coupons.redemption import Redemption
from yimen_host.payments.coupons.store import shares
from yimen_host.payments.errors import NotRefundable, NotStuck, ReferenceTaken
from yimen_host.payments.models import AttemptRow, OrderRow, RefundRow
from yimen_host.payments.refund_booking import RefundBooking, to_payer
from yimen_host.payments.refunds import REFUND, RefundEvent, RefundState
from yimen_host.payments.splits.splitting import Splitting
from yimen_host.payments.store import attempts, orders
from yimen_host.payments.store import refunds as store
from yimen_host.payments.store.moves import move
from yimen_sdk.money import Money
from yimen_sdk.split import Part

MAX_REASON = 100
MAX_STUCK = 200  # of one page; more than that is a channel's outage, not a list for people


@dataclass(frozen=True)
class Refunding:
    """Everything that giving money back needs."""

    services: Services
    channels: Mapping[str, PaymentChannel]
    redemption: Redemption
    splitting: Splitting
    booking: RefundBooking

    async def request(
        self,
        session: AsyncSession,
        order: OrderRow,
        amount: Money,
        *,
        reason: str,
        key: str,
        split: Sequence[Part] = (),
    ) -> RefundRow:
        """Reserve a refund, in the caller's transaction; ``proceed`` then does it. The same key is the same refund.

        ``split`` names what each merchant of a split order gives back.
        Raises Invalid, NotRefundable when less is left, ReferenceTaken when the key belongs to another refund.
        """
        if amount.fen <= 0 or amount.currency != order.currency or not 1 <= len(reason) <= MAX_REASON:
            raise Invalid(f"a refund is above zero, in {order.currency}, with a reason of 1 to {MAX_REASON} characters")
        fresh = await orders.hold(session, order.id)  # the same key at the same moment waits here, and finds the first
        assert fresh is not None
        known = await store.by_key(session, order.id, key)
        if known is not None:
            same = await self.splitting.same(session, known, split)
            if (known.amount_fen, known.reason) != (amount.fen, reason) or not same:
                raise ReferenceTaken(key)
            return known
        if not await orders.reserve(session, order.id, amount.fen):
            raise NotRefundable(order.id, fresh.amount_fen - fresh.reserved_fen)
        paid = [a for a in await attempts.of_order(session, order.id) if a.state == AttemptState.SETTLED]
        row = self._row(order, paid[0], amount, reason=reason, key=key, late=False)
        payer_left = paid[0].amount_fen - await store.given_to_payer(session, order.id)
        returns = await self.redemption.returns(session, order, paid[0], row, payer_left=payer_left)
        row.coupon_fen = sum(part.fen for part in returns)
        if not await store.add(session, row):
            raise ReferenceTaken(key)
        await self.splitting.take_back(session, order, row, split)
        for part in returns:
            taken = await shares.take_back(session, part)
            assert taken, "the order's row is held, so nobody else took of its shares"
        return row

    async def request_late(
        self, session: AsyncSession, order: OrderRow, attempt: AttemptRow, amount: Money, reason: str
    ) -> None:
        """Note that late money is to go back, in the transaction that takes it in: a crash cannot forget it."""
        row = self._row(order, attempt, amount, reason=reason, key=_late_key(attempt), late=True)
        await store.add(session, row)

    async def give_back_late(self, order: OrderRow, attempt: AttemptRow) -> None:
        """Give money in suspense back to where it came from."""
        async with self.services.database.transaction() as session:
            known = await store.by_key(session, order.id, _late_key(attempt))
        assert known is not None
        await self.proceed(known.id)

    async def stuck(self) -> Sequence[RefundRow]:
        """The refunds that wait for a person, oldest first: the console's list."""
        async with self.services.database.transaction() as session:
            return await store.stuck(session, MAX_STUCK)

    async def retry(self, refund_id: str) -> RefundRow:
        """Ask the channel again about a refund that waited for a person, and tell the refund as it then stands.

        Late money that the channel refused to take back gets a new refund, for the old one's number is used up.
        Pressed twice it is one. Raises NotStuck.
        """
        async with self.services.database.transaction() as session:
            refund = await self._stuck(session, refund_id)
            if refund.state == RefundState.NEEDS_ACTION:
                await move(session, RefundRow, REFUND, refund.id, RefundEvent.RETRY)
                return_id = refund.id
            else:
                return_id = await self._once_more(session, refund)
        return await self.proceed(return_id)

    async def decide(self, refund_id: str, fact: Returned | NotReturned) -> RefundRow:
        """Book what a person has found out about a refund in need of action. Raises NotStuck."""
        async with self.services.database.transaction() as session:
            refund = await self._stuck(session, refund_id)
            order = await orders.find(session, refund.order_id)
            attempt = await attempts.find(session, refund.attempt_id)
        if refund.state != RefundState.NEEDS_ACTION:
            raise NotStuck(refund_id, refund.state)
        assert order is not None
        assert attempt is not None
        await self.booking.book(order, attempt, refund, fact)
        async with self.services.database.transaction() as session:
            fresh = await store.find(session, refund_id)
        assert fresh is not None
        return fresh

    async def proceed(self, refund_id: str) -> RefundRow:
        """Bring a refund as far as it goes now; calling it again, or twice at once, does no more."""
        async with self.services.database.transaction() as session:
            refund = await store.find(session, refund_id)
            assert refund is not None
            order = await orders.find(session, refund.order_id)
            attempt = await attempts.find(session, refund.attempt_id)
        assert order is not None
        assert attempt is not None
        channel = self.channels[attempt.channel]
        if channel.capabilities.internal or refund.coupon_fen == refund.amount_fen:
            await self.booking.post_at_once(order, attempt, refund)
        elif refund.state == RefundState.REQUESTED:
            if await self.booking.set_aside(order, attempt, refund):
                await self._act_on(order, attempt, refund, channel.refund(_ask(attempt, refund)))
        elif refund.state == RefundState.PROCESSING:
            await self._act_on(order, attempt, refund, self._find_out(channel, attempt, refund))
        async with self.services.database.transaction() as session:
            fresh = await store.find(session, refund_id)
        assert fresh is not None
        return fresh

    async def _find_out(self, channel: PaymentChannel, attempt: AttemptRow, refund: RefundRow) -> RefundFact:
        """Ask about a refund that the channel may never have heard of: then it is safe to ask for it again."""
        ask = _ask(attempt, refund)
        fact = await channel.query_refund(ask)
        return await channel.refund(ask) if fact == NotReturned("unknown") else fact

    async def _act_on(
        self, order: OrderRow, attempt: AttemptRow, refund: RefundRow, question: Awaitable[RefundFact]
    ) -> None:
        try:
            fact = await in_time(question)
        except ChannelSilent:
            await self.booking.wait(refund)
            return
        await self.booking.book(order, attempt, refund, fact)

    async def _stuck(self, session: AsyncSession, refund_id: str) -> RefundRow:
        refund = await store.find(session, refund_id)
        assert refund is not None
        in_suspense = refund.late and refund.state == RefundState.FAILED
        if not (in_suspense or refund.state == RefundState.NEEDS_ACTION):
            raise NotStuck(refund_id, refund.state)
        return refund

    async def _once_more(self, session: AsyncSession, refund: RefundRow) -> str:
        order = await orders.find(session, refund.order_id)
        attempt = await attempts.find(session, refund.attempt_id)
        assert order is not None
        assert attempt is not None
        amount, key = Money(refund.amount_fen, refund.currency), f"late:{attempt.id}:{refund.id}"
        await store.add(session, self._row(order, attempt, amount, reason=refund.reason, key=key, late=True))
        known = await store.by_key(session, order.id, key)
        assert known is not None
        return known.id

    def _row(
        self, order: OrderRow, attempt: AttemptRow, amount: Money, *, reason: str, key: str, late: bool
    ) -> RefundRow:
        now = self.services.clock.now()
        return RefundRow(
            id=self.services.ids.new("ref"),
            order_id=order.id,
            attempt_id=attempt.id,
            key=key,
            late=late,
            amount_fen=amount.fen,
            currency=amount.currency,
            reason=reason,
            state=RefundState.REQUESTED,
            ask_at=next_query_after(now, 0),
            created_at=now,
        )


def _ask(attempt: AttemptRow, refund: RefundRow) -> RefundAsk:
    amount = to_payer(refund)
    # Late money goes back whole, and may have been another amount than was asked for.
    paid = amount if refund.late else Money(attempt.amount_fen, attempt.currency)
    return RefundAsk(refund.id, attempt.id, paid, amount, refund.reason)


def _late_key(attempt: AttemptRow) -> str:
    return f"late:{attempt.id}"
