"""Batches in the database."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import CursorResult, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.payments.settlement.batches import BATCH, BatchEvent, BatchState
from yimen_host.payments.settlement.models import BatchRow


async def last(session: AsyncSession, merchant_id: str) -> BatchRow | None:
    """A merchant's newest batch."""
    query = select(BatchRow).where(BatchRow.merchant_id == merchant_id).order_by(col(BatchRow.last_seq).desc()).limit(1)
    return (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()


async def releasable(session: AsyncSession, merchant_id: str, now: dt.datetime) -> int:
    """What earlier batches kept back for long enough."""
    found = await session.scalar(
        text(
            "SELECT coalesce(sum(reserve_fen), 0)::bigint FROM settlement_batch"
            " WHERE merchant_id = :merchant AND released_by IS NULL AND reserve_until <= :now"
        ),
        {"merchant": merchant_id, "now": now},
    )
    return int(found or 0)


async def add(session: AsyncSession, row: BatchRow, now: dt.datetime) -> bool:
    """Append a batch to its merchant's chain and release what is due; say no when the chain has moved on."""
    query = insert(BatchRow).values(row.model_dump()).on_conflict_do_nothing().returning(col(BatchRow.id))
    if await session.scalar(query) is None:
        return False
    result = await session.execute(
        text(
            "WITH freed AS (UPDATE settlement_batch SET released_by = :id WHERE merchant_id = :merchant AND id <> :id"
            " AND released_by IS NULL AND reserve_until <= :now RETURNING reserve_fen)"
            " SELECT coalesce(sum(reserve_fen), 0)::bigint FROM freed"
        ),
        {"id": row.id, "merchant": row.merchant_id, "now": now},
    )
    return bool(result.scalar_one() == row.released_fen)


async def find(session: AsyncSession, batch_id: str) -> BatchRow | None:
    """A batch as it stands now."""
    return await session.get(BatchRow, batch_id, populate_existing=True)


async def moving(session: AsyncSession, limit: int) -> Sequence[BatchRow]:
    """The batches that are to be paid or asked about, oldest first."""
    states = (BatchState.CLOSED, BatchState.SUBMITTED)
    query = select(BatchRow).where(col(BatchRow.state).in_(states)).order_by(col(BatchRow.id)).limit(limit)
    return (await session.scalars(query)).all()


async def newest(session: AsyncSession, merchant_id: str, limit: int) -> Sequence[BatchRow]:
    """A merchant's batches, newest first."""
    query = (
        select(BatchRow).where(BatchRow.merchant_id == merchant_id).order_by(col(BatchRow.last_seq).desc()).limit(limit)
    )
    return (await session.scalars(query)).all()


async def move(
    session: AsyncSession,
    batch_id: str,
    event: BatchEvent,
    **values: Any,  # Any: columns of the table
) -> bool:
    """Move a batch along its machine, if it is in a state that allows it; say whether it moved."""
    result = await session.execute(
        update(BatchRow)
        .where(col(BatchRow.id) == batch_id, col(BatchRow.state).in_(BATCH.sources(event)))
        .values(state=BATCH.target(event), **values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return bool(result.rowcount)
