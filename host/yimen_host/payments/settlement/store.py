"""Batches in the database, and a merchant's lines in the journal."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import CursorResult, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.payments.settlement.batches import BATCH, BatchEvent, BatchState
from yimen_host.payments.settlement.models import BatchRow
from yimen_host.payments.settlement.reckoning import WHOLE, Lines

_OWN = "settle:%"
"""The keys of settlement's own postings: they move a merchant's money and are no lines."""
_LINES = (
    "FROM ledger_account a JOIN journal_entry e ON e.account_id = a.id JOIN journal_transaction t"
    " ON t.id = e.transaction_id WHERE a.code = :code AND e.account_seq > :after AND e.account_seq <= :last"
    " AND e.amount <> 0 AND t.key NOT LIKE :own"
)


async def last(session: AsyncSession, merchant_id: str) -> BatchRow | None:
    """A merchant's newest batch."""
    query = select(BatchRow).where(BatchRow.merchant_id == merchant_id).order_by(col(BatchRow.last_seq).desc()).limit(1)
    return (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()


async def cut(session: AsyncSession, code: str, *, after: int, before: dt.datetime) -> int:
    """The last line of an account that was booked before a moment, among those after ``after``."""
    found = await session.scalar(
        text(
            "SELECT max(e.account_seq) FROM ledger_account a JOIN journal_entry e ON e.account_id = a.id"
            " JOIN journal_transaction t ON t.id = e.transaction_id"
            " WHERE a.code = :code AND e.account_seq > :after AND t.recorded_at < :before"
        ),
        {"code": code, "after": after, "before": before},
    )
    return int(found or after)


async def lines(session: AsyncSession, code: str, *, after: int, last: int, fee_bp: int) -> Lines:
    """Add up an account's lines, with the fee of each."""
    row = (
        await session.execute(
            text(
                "SELECT count(*), coalesce(sum(e.amount), 0)::bigint, coalesce(sum(sign(e.amount)"
                f" * ((abs(e.amount) * :fee_bp + :half) / :whole)), 0)::bigint {_LINES}"
            ),
            {"code": code, "after": after, "last": last, "own": _OWN, "fee_bp": fee_bp, "half": WHOLE // 2,
             "whole": WHOLE},
        )
    ).one()  # fmt: skip
    return Lines(*row)


async def each_line(session: AsyncSession, code: str, row: BatchRow) -> Sequence[tuple[dt.datetime, str, str, int]]:
    """A batch's lines: when, for which order, by which posting, how much."""
    found = await session.execute(
        text(f"SELECT t.recorded_at, t.about, t.key, e.amount {_LINES} ORDER BY e.account_seq"),
        {"code": code, "after": row.after_seq, "last": row.last_seq, "own": _OWN},
    )
    return [(at, about, key, amount) for at, about, key, amount in found]


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
