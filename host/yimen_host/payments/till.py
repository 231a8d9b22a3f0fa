"""Takes payments: makes attempts, hands them to channels, asks and hears what became of them; see ``booking``."""

import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.errors import Invalid
from yimen_host.core.services import Services
from yimen_host.identity.mandates import spending
from yimen_host.payments.attempts import ATTEMPT, SUBMITTED_PATIENCE, AttemptEvent, AttemptState
from yimen_host.payments.booking import Booking
from yimen_host.payments.channels.asking import in_time
from yimen_host.payments.channels.channel import (
    Ask,
    ChannelSilent,
    GoTo,
    NotPaid,
    Paid,
    PaymentChannel,
    PaymentFact,
    ShowCode,
    Visit,
)
from yimen_host.payments.coupons.redemption import NO_COUPONS, CouponChoice, Redemption
from yimen_host.payments.decision import Refused
from yimen_host.payments.errors import NoSuchOrder, NoticeRefused, OrderNotOpen
from yimen_host.payments.models import AttemptRow, OrderRow
from yimen_host.payments.orders import OrderState
from yimen_host.payments.password import PaymentPassword
from yimen_host.payments.store import attempts as store
from yimen_host.payments.store import orders
from yimen_host.payments.store.moves import move
from yimen_sdk.money import Money

_log = logging.getLogger(__name__)
DESK = Visit()


@dataclass(frozen=True)
class Till:
    """Everything that taking a payment needs."""

    services: Services
    channels: Mapping[str, PaymentChannel]
    password: PaymentPassword
    redemption: Redemption
    booking: Booking

    async def pay(
        self,
        order: OrderRow,
        *,
        channel: str,
        form_key: str,
        password: str,
        coupons: CouponChoice = NO_COUPONS,
        visit: Visit = DESK,
    ) -> AttemptRow | Refused:
        """Begin to pay an order, or answer with the attempt that this form, or another, has begun already.

        Refuses with the payment password's reasons. Raises OrderNotOpen, Invalid for a channel not offered,
        CouponRefused, and MandateOver and CapReached where it is paid for somebody else.
        """
        if channel not in {offered.id for offered in self.offered(order)}:
            message = "请选择付款方式"
            raise Invalid(message, {"channel": message})
        async with self.services.database.transaction() as session:
            before = await store.by_form(session, order.id, form_key) or await store.unfinished(session, order.id)
        if before is not None:
            return before
        decision = await self.password.verify(order.resident_id, password)
        if isinstance(decision, Refused):
            return decision
        attempt = await self._create(order, channel, form_key, coupons)
        if attempt.state == AttemptState.CREATED:
            await self._submit(order, attempt, visit)
        return await self.attempt(attempt.id)

    def offered(self, order: OrderRow) -> list[PaymentChannel]:
        """The channels by which an order can be paid: a wallet cannot fill itself."""
        top_up = order.app_id is None
        return [channel for channel in self.channels.values() if channel.capabilities.top_up or not top_up]

    async def attempt(self, attempt_id: str) -> AttemptRow:
        """An attempt as it stands now. Raises NoSuchOrder."""
        async with self.services.database.transaction() as session:
            row = await store.find(session, attempt_id)
        if row is None:
            raise NoSuchOrder(attempt_id)
        return row

    async def ask(self, attempt_id: str) -> None:
        """Ask the channel what became of an unfinished attempt, and act on what it says."""
        attempt = await self.attempt(attempt_id)
        if attempt.state == AttemptState.CREATED:
            await self.booking.decline(attempt, "abandoned")  # no channel has heard of it
        elif attempt.state in (AttemptState.SUBMITTED, AttemptState.UNCERTAIN):
            channel = self.channels[attempt.channel]
            # When nothing waits for the payment any more it is ended, not asked about: its resident may never decide.
            over = await self._is_over(attempt.order_id)
            await self._act_on(attempt, channel.close(attempt.id) if over else channel.query(attempt.id))

    async def ask_when_due(self, attempt: AttemptRow) -> None:
        """Ask for somebody who is waiting: at once the first time, then no more often than the schedule allows."""
        if attempt.state != AttemptState.CREATED and (
            attempt.queries == 0 or attempt.ask_at <= self.services.clock.now()
        ):
            await self.ask(attempt.id)

    async def close(self, attempt_id: str) -> None:
        """Tell the channel that an unfinished attempt is given up, and act on what it says: it may be paid by now."""
        attempt = await self.attempt(attempt_id)
        if attempt.state == AttemptState.CREATED:
            await self.booking.decline(attempt, "abandoned")
        elif attempt.state in (AttemptState.SUBMITTED, AttemptState.UNCERTAIN):
            await self._act_on(attempt, self.channels[attempt.channel].close(attempt.id))

    async def hear(self, channel_id: str, headers: Mapping[str, str], body: bytes) -> None:
        """Act on a channel's notice. Raises NoticeRefused when it is not the channel's, too old, or about nothing."""
        now = self.services.clock.now()
        notice = self.channels[channel_id].parse_notification(headers, body, now)
        async with self.services.database.transaction() as session:
            attempt = await store.find(session, notice.attempt_id)
            # Kept also when it is about nothing we know: somebody's money may be behind it.
            todo = await store.hear(session, channel_id, notice, now)
        if attempt is None or attempt.channel != channel_id:
            _log.error("a signed notice of %s is about %s, which we do not know", channel_id, notice.attempt_id)
            raise NoticeRefused("the notice is about no payment of ours")
        if not todo:  # this very sending was acted on before: a replay
            return
        await self.booking.apply(attempt, notice.fact)
        async with self.services.database.transaction() as session:
            await store.acted(session, channel_id, notice.nonce, self.services.clock.now())

    async def _is_over(self, order_id: str) -> bool:
        async with self.services.database.transaction() as session:
            order = await orders.find(session, order_id)
        assert order is not None
        return order.state != OrderState.OPEN or order.expires_at <= self.services.clock.now()

    async def _create(self, order: OrderRow, channel: str, form_key: str, coupons: CouponChoice) -> AttemptRow:
        now = self.services.clock.now()
        row = AttemptRow(
            id=self.services.ids.new("att"),
            order_id=order.id,
            channel=channel,
            form_key=form_key,
            state=AttemptState.CREATED,
            amount_fen=order.amount_fen,
            currency=order.currency,
            ask_at=now + SUBMITTED_PATIENCE,
            created_at=now,
        )
        async with self.services.database.transaction() as session:
            fresh = await orders.find(session, order.id)
            assert fresh is not None
            if fresh.state != OrderState.OPEN or fresh.expires_at <= now:
                raise OrderNotOpen(order.id, fresh.state if fresh.state != OrderState.OPEN else OrderState.EXPIRED)
            chosen = await self.redemption.choose(session, fresh, coupons.ids)
            row.amount_fen -= chosen.fen
            if await store.add(session, row):
                held = await orders.hold(session, order.id)  # after the attempt's row, as settling does
                if held is None or held.state != OrderState.OPEN:
                    raise OrderNotOpen(order.id, OrderState.PAID)
                await self.redemption.lock(session, held, row, chosen, coupons.person)
                await self._count_for_mandate(session, held, row)
                return row
            other = await store.by_form(session, order.id, form_key) or await store.unfinished(session, order.id)
        if other is None:  # it was under way, and has ended between our two looks
            raise OrderNotOpen(order.id, "being paid")
        return other

    async def _count_for_mandate(self, session: AsyncSession, order: OrderRow, attempt: AttemptRow) -> None:
        if order.mandate_id is not None:
            await spending.take(
                session,
                self.services,
                order.mandate_id,
                order_id=order.id,
                attempt_id=attempt.id,
                fen=order.amount_fen,
            )

    async def _submit(self, order: OrderRow, attempt: AttemptRow, visit: Visit) -> None:
        """Hand an attempt to its channel. That it is submitted is written before the channel hears of it."""
        async with self.services.database.transaction() as session:
            if not await move(session, AttemptRow, ATTEMPT, attempt.id, AttemptEvent.SUBMIT):
                return
        channel = self.channels[attempt.channel]
        origin = self.services.settings.portal_origin
        ask = Ask(
            attempt_id=attempt.id,
            resident_id=order.resident_id,
            title=order.title,
            payee=order.payee_title,
            amount=Money(attempt.amount_fen, attempt.currency),
            return_url=f"{origin}/cashier/{order.id}/result",
            notify_url=f"{origin}/v1/callbacks/{channel.id}",
            expires_at=order.expires_at,
            visit=visit,
        )
        try:
            step = await in_time(channel.prepare(ask))
        except ChannelSilent:
            await self.booking.doubt(attempt)
            return
        match step:
            case GoTo(url, channel_ref):
                async with self.services.database.transaction() as session:
                    await store.note_step(session, attempt.id, pay_url=url, scan=None, channel_ref=channel_ref)
            case ShowCode(content, channel_ref):
                async with self.services.database.transaction() as session:
                    await store.note_step(session, attempt.id, pay_url=None, scan=content, channel_ref=channel_ref)
            case NotPaid(reason):
                await self.booking.decline(attempt, reason)
            case _:
                await self.booking.apply(attempt, Paid(ask.amount, attempt.id))

    async def _act_on(self, attempt: AttemptRow, question: Awaitable[PaymentFact]) -> None:
        try:
            fact = await in_time(question)
        except ChannelSilent:
            await self.booking.doubt(attempt)
        else:
            await self.booking.apply(attempt, fact)
