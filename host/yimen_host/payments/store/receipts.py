"""Receipt numbers in the database: one counter a day, so that the numbers have no gap."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.payments.models import OrderRow, ReceiptRow, RedReceiptRow, RefundRow
from yimen_host.payments.orders import OrderState
from yimen_host.payments.refunds import RefundState

PAID = (OrderState.PAID, OrderState.FULFILLED, OrderState.PARTIALLY_REFUNDED, OrderState.REFUNDED, OrderState.CLOSED)


async def of_order(session: AsyncSession, order_id: str) -> ReceiptRow | None:
    """The receipt of an order, once it has one."""
    return (await session.scalars(select(ReceiptRow).where(ReceiptRow.order_id == order_id))).one_or_none()


async def find(session: AsyncSession, number: str) -> ReceiptRow | None:
    """The receipt of a number."""
    return await session.get(ReceiptRow, number)


async def red_of_refund(session: AsyncSession, refund_id: str) -> RedReceiptRow | None:
    """The red receipt of a refund, once it has one."""
    return (await session.scalars(select(RedReceiptRow).where(RedReceiptRow.refund_id == refund_id))).one_or_none()


async def find_red(session: AsyncSession, number: str) -> RedReceiptRow | None:
    """The red receipt of a number."""
    return await session.get(RedReceiptRow, number)


async def numbers(session: AsyncSession, order_ids: Sequence[str]) -> dict[str, str]:
    """The receipt numbers of several orders."""
    query = select(ReceiptRow.order_id, ReceiptRow.number).where(col(ReceiptRow.order_id).in_(order_ids))
    return {row.order_id: row.number for row in await session.execute(query)}


async def next_number(session: AsyncSession, day: dt.date) -> int:
    """Take the day's next number; whoever comes at the same moment waits for this transaction's end."""
    counted = await session.scalars(
        text(
            "INSERT INTO payment_receipt_counter AS c (day, last) VALUES (:day, 1)"
            " ON CONFLICT (day) DO UPDATE SET last = c.last + 1 RETURNING last"
        ),
        {"day": day},
    )
    return int(counted.one())


async def missing(session: AsyncSession, limit: int) -> Sequence[str]:
    """Paid orders that have no receipt yet."""
    query = (
        select(OrderRow.id)
        .outerjoin(ReceiptRow, col(ReceiptRow.order_id) == col(OrderRow.id))
        .where(col(OrderRow.state).in_(PAID), col(ReceiptRow.number).is_(None))
        .order_by(col(OrderRow.id))
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def missing_red(session: AsyncSession, since: dt.datetime, limit: int) -> Sequence[str]:
    """Refunds that succeeded since then, of what was paid, and have no red receipt yet."""
    query = (
        select(RefundRow.id)
        .outerjoin(RedReceiptRow, col(RedReceiptRow.refund_id) == col(RefundRow.id))
        .where(
            col(RefundRow.state) == RefundState.SUCCEEDED,
            col(RefundRow.ended_at) >= since,
            ~col(RefundRow.late),
            col(RedReceiptRow.number).is_(None),
        )
        .order_by(col(RefundRow.ended_at))
        .limit(limit)
    )
    return (await session.scalars(query)).all()
