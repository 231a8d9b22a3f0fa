"""Splits in the database. What a merchant can give back is guarded by the write that reserves it."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import CursorResult, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.payments.splits.models import OrderPartRow, RefundPartRow


async def add(session: AsyncSession, parts: Sequence[OrderPartRow]) -> None:
    """Write an order's parts down."""
    await session.execute(insert(OrderPartRow).values([part.model_dump() for part in parts]))


async def of_order(session: AsyncSession, order_id: str) -> Sequence[OrderPartRow]:
    """An order's parts as they stand now, in the order they were asked for; none of one that is not split."""
    return (await of_orders(session, [order_id])).get(order_id, [])


async def of_orders(session: AsyncSession, order_ids: Collection[str]) -> dict[str, list[OrderPartRow]]:
    """The parts of several orders."""
    query = select(OrderPartRow).where(col(OrderPartRow.order_id).in_(order_ids)).order_by(col(OrderPartRow.place))
    found: dict[str, list[OrderPartRow]] = {}
    for part in await session.scalars(query.execution_options(populate_existing=True)):
        found.setdefault(part.order_id, []).append(part)
    return found


async def take_back(session: AsyncSession, refund_id: str, order_id: str, fen: Mapping[str, int]) -> bool:
    """Reserve what a refund takes from each merchant, if each has so much left; say whether all had."""
    for merchant, amount in sorted(fen.items()):
        if not await _reserve(session, order_id, merchant, amount):
            return False
        session.add(RefundPartRow(refund_id=refund_id, merchant_id=merchant, order_id=order_id, fen=amount))
    await session.flush()
    return True


async def leave(session: AsyncSession, refund_id: str) -> None:
    """Give up what a refund had reserved: it failed."""
    for part in await of_refund(session, refund_id):
        await _reserve(session, part.order_id, part.merchant_id, -part.fen)


async def of_refund(session: AsyncSession, refund_id: str) -> Sequence[RefundPartRow]:
    """What a refund takes from each merchant."""
    return (await of_refunds(session, [refund_id])).get(refund_id, [])


async def of_refunds(session: AsyncSession, refund_ids: Collection[str]) -> dict[str, list[RefundPartRow]]:
    """What several refunds take from each merchant."""
    query = (
        select(RefundPartRow)
        .join(
            OrderPartRow,
            (col(OrderPartRow.order_id) == col(RefundPartRow.order_id))
            & (col(OrderPartRow.merchant_id) == col(RefundPartRow.merchant_id)),
        )
        .where(col(RefundPartRow.refund_id).in_(refund_ids))
        .order_by(col(OrderPartRow.place))
    )
    found: dict[str, list[RefundPartRow]] = {}
    for part in await session.scalars(query):
        found.setdefault(part.refund_id, []).append(part)
    return found


async def _reserve(session: AsyncSession, order_id: str, merchant: str, fen: int) -> bool:
    reserved = col(OrderPartRow.reserved_fen) + fen
    result = await session.execute(
        update(OrderPartRow)
        .where(
            col(OrderPartRow.order_id) == order_id,
            col(OrderPartRow.merchant_id) == merchant,
            reserved.between(0, col(OrderPartRow.fen)),
        )
        .values(reserved_fen=reserved)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return bool(result.rowcount)
