"""Which fees of channels are in the ledger."""

import datetime as dt

from sqlalchemy import CursorResult, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.payments.reconciliation.models import BookedFeeRow, RunRow


async def to_book(session: AsyncSession, limit: int) -> list[tuple[RunRow, int, int]]:
    """The runs whose fees may be others than what is booked, oldest day first: with what is, in how many postings."""
    booked, postings = func.coalesce(BookedFeeRow.fen, 0), func.coalesce(BookedFeeRow.postings, 0)
    query = (
        select(RunRow, booked, postings)
        .outerjoin(
            BookedFeeRow,
            (col(BookedFeeRow.source) == col(RunRow.source)) & (col(BookedFeeRow.day) == col(RunRow.day)),
        )
        .where(RunRow.fees_due)
        .order_by(col(RunRow.day), col(RunRow.source))
        .limit(limit)
    )
    return [(run, int(fen), int(number)) for run, fen, number in await session.execute(query)]


async def count(session: AsyncSession, source: str, day: dt.date, *, fen: int, postings: int) -> bool:
    """Note what is booked now, if nobody has booked meanwhile; say whether it was noted."""
    first = insert(BookedFeeRow).values(source=source, day=day, fen=0, postings=0).on_conflict_do_nothing()
    await session.execute(first)
    result = await session.execute(
        update(BookedFeeRow)
        .where(col(BookedFeeRow.source) == source, col(BookedFeeRow.day) == day, col(BookedFeeRow.postings) == postings)
        .values(fen=fen, postings=postings + 1)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return bool(result.rowcount)


async def note_booked(session: AsyncSession, source: str, day: dt.date, *, fen: int) -> None:
    """Note that a run's fees are booked, if they are still these: it may have been run again."""
    these = (col(RunRow.source) == source, col(RunRow.day) == day, col(RunRow.fees_fen) == fen)
    await session.execute(
        update(RunRow).where(*these).values(fees_due=False).execution_options(synchronize_session=False)
    )
