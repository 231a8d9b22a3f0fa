"""Orders in the database."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import CursorResult, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.payments.attempts import AttemptState
from yimen_host.payments.models import AttemptRow, OrderRow
from yimen_host.payments.orders import ORDER, OrderEvent, OrderState
from yimen_host.payments.store.moves import move


async def add(session: AsyncSession, row: OrderRow) -> bool:
    """Insert an order, unless its mini-app has one under this reference; say whether it was inserted."""
    query = insert(OrderRow).values(row.model_dump()).on_conflict_do_nothing().returning(col(OrderRow.id))
    return await session.scalar(query) is not None


async def find(session: AsyncSession, order_id: str) -> OrderRow | None:
    """Read an order as it stands now."""
    return await session.get(OrderRow, order_id, populate_existing=True)


async def hold(session: AsyncSession, order_id: str) -> OrderRow | None:
    """Read an order as it stands now, and keep it so until this transaction ends."""
    return await session.get(OrderRow, order_id, populate_existing=True, with_for_update={"key_share": True})


async def by_reference(session: AsyncSession, app_id: str, reference: str) -> OrderRow | None:
    """The order that a mini-app opened under its own number."""
    query = select(OrderRow).where(OrderRow.app_id == app_id, OrderRow.reference == reference)
    return (await session.scalars(query)).one_or_none()


async def titles(session: AsyncSession, order_ids: set[str]) -> dict[str, str]:
    """The titles of several orders."""
    query = select(OrderRow.id, OrderRow.title).where(col(OrderRow.id).in_(order_ids))
    return {row.id: row.title for row in await session.execute(query)}


async def overdue(session: AsyncSession, now: dt.datetime, limit: int) -> Sequence[OrderRow]:
    """Open orders whose time is over; not those of which we do not know whether they were paid."""
    in_doubt = select(AttemptRow.order_id).where(AttemptRow.state == AttemptState.UNCERTAIN)
    query = (
        select(OrderRow)
        .where(OrderRow.state == OrderState.OPEN, OrderRow.expires_at <= now, col(OrderRow.id).not_in(in_doubt))
        .order_by(col(OrderRow.expires_at), col(OrderRow.id))
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def end_time_of_app(session: AsyncSession, app_id: str, now: dt.datetime) -> None:
    """Let the time of a mini-app's open orders be over: they end as overdue ones do, after their channels are told."""
    open_ = (col(OrderRow.app_id) == app_id, col(OrderRow.state) == OrderState.OPEN, col(OrderRow.expires_at) > now)
    await session.execute(update(OrderRow).where(*open_).values(expires_at=now))


async def closable(session: AsyncSession, before: dt.datetime, limit: int) -> Sequence[str]:
    """Delivered orders that were paid before a moment."""
    query = (
        select(OrderRow.id)
        .where(OrderRow.state == OrderState.FULFILLED, col(OrderRow.ended_at) < before)
        .order_by(col(OrderRow.ended_at), col(OrderRow.id))
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def reserve(session: AsyncSession, order_id: str, fen: int) -> bool:
    """Reserve part of what was paid for a refund, if so much is left; say whether it was. The guard is the write."""
    refundable = ORDER.sources(OrderEvent.REFUND_ALL)
    result = await session.execute(
        update(OrderRow)
        .where(
            col(OrderRow.id) == order_id,
            col(OrderRow.state).in_(refundable),
            col(OrderRow.reserved_fen) + fen <= col(OrderRow.amount_fen),
        )
        .values(reserved_fen=OrderRow.reserved_fen + fen)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return bool(result.rowcount)


async def release(session: AsyncSession, order_id: str, fen: int) -> None:
    """Give up a reservation: its refund failed."""
    await session.execute(
        update(OrderRow)
        .where(col(OrderRow.id) == order_id)
        .values(reserved_fen=OrderRow.reserved_fen - fen)
        .execution_options(synchronize_session=False)
    )


async def mark_refunded(session: AsyncSession, order_id: str, fen: int) -> bool:
    """Count a succeeded refund and move the order accordingly; say whether it moved."""
    refunded = col(OrderRow.refunded_fen) + fen
    for event, guard in (
        (OrderEvent.REFUND_ALL, refunded == col(OrderRow.amount_fen)),
        (OrderEvent.REFUND_PART, refunded < col(OrderRow.amount_fen)),
    ):
        if await move(session, OrderRow, ORDER, order_id, event, guard, refunded_fen=refunded):
            return True
    return False
