"""Finds what stands on a receipt: the order's, a refund's, or the one of a number."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from yimen_host.payments import receipts as numbering
from yimen_host.payments.attempts import AttemptState
from yimen_host.payments.facade import Payments
from yimen_host.payments.models import OrderRow, ReceiptRow, RefundRow
from yimen_host.payments.papers.receipt import GivenBack, Paper, Receipt, RedReceipt
from yimen_host.payments.refunds import RefundState
from yimen_host.payments.store import attempts, orders, receipts, refunds
from yimen_sdk.money import Money

NameOf = Callable[[str], Awaitable[str]]


@dataclass(frozen=True)
class Archive:
    """Reads receipts; ``name_of`` tells the name of a resident."""

    payments: Payments
    name_of: NameOf

    async def of_order(self, order: OrderRow) -> Receipt | None:
        """The receipt of an order, when it is paid."""
        async with self.payments.services.database.transaction() as session:
            row = await receipts.of_order(session, order.id)
        return await self._receipt(order, row) if row else None

    async def of_refund(self, order: OrderRow, refund_id: str) -> RedReceipt | None:
        """The red receipt of an order's refund, when it succeeded."""
        receipt = await self.of_order(order)
        refund = next((one for one in receipt.refunds if one.refund_id == refund_id), None) if receipt else None
        if receipt is None or refund is None:
            return None
        async with self.payments.services.database.transaction() as session:
            row = await receipts.red_of_refund(session, refund_id)
        assert row is not None
        return RedReceipt(row.number, row.issued_at, receipt, refund)

    async def by_number(self, number: str) -> Paper | None:
        """The paper of a number."""
        async with self.payments.services.database.transaction() as session:
            row, red = await receipts.find(session, number), await receipts.find_red(session, number)
            refund = await refunds.find(session, red.refund_id) if red else None
            order_id = row.order_id if row else refund.order_id if refund else None
            order = await orders.find(session, order_id) if order_id else None
        if order is None:
            return None
        return await self.of_refund(order, refund.id) if refund else await self.of_order(order)

    async def _receipt(self, order: OrderRow, row: ReceiptRow) -> Receipt:
        async with self.payments.services.database.transaction() as session:
            tries = await attempts.of_order(session, order.id)
            back = await refunds.of_order(session, order.id)
        attempt = next(one for one in tries if one.state == AttemptState.SETTLED)
        shares = await self.payments.coupons.shares(attempt.id)
        assert attempt.ended_at is not None
        return Receipt(
            number=row.number,
            issued_at=row.issued_at,
            order_id=order.id,
            platform=order.app_id is None,
            title=order.title,
            payee=order.payee_title,
            publisher=order.payee_publisher,
            payer=await self.name_of(order.resident_id),
            for_whom=await self.name_of(order.representee_id) if order.representee_id else None,
            amount=Money(order.amount_fen, order.currency),
            paid=Money(attempt.amount_fen, attempt.currency),
            coupons=[(campaign.title, Money(share.fen, order.currency)) for share, campaign in shares],
            channel=self.payments.channels[attempt.channel].title,
            reference=attempt.channel_ref or attempt.id,
            paid_at=attempt.ended_at,
            refunds=[await self._given_back(one) for one in back if _counts(one)],
        )

    async def _given_back(self, refund: RefundRow) -> GivenBack:
        number = await numbering.issue_red(self.payments.services, refund.id)
        assert refund.ended_at is not None
        return GivenBack(refund.id, number, Money(refund.amount_fen, refund.currency), refund.reason, refund.ended_at)


def _counts(refund: RefundRow) -> bool:
    return refund.state == RefundState.SUCCEEDED and not refund.late
