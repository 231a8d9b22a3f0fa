"""Runs and breaks in the database."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.payments.reconciliation.breaks import BREAK, UNEXPLAINED, BreakEvent
from yimen_host.payments.reconciliation.kinds import BreakKind
from yimen_host.payments.reconciliation.matching import Difference
from yimen_host.payments.reconciliation.models import DONE, BreakRow, RunRow

IDENTITY = ("source", "day", "ref", "channel_ref", "difference_fen", "ordinal")
CHUNK = 500  # breaks written at once


async def one_at_a_time(session: AsyncSession, source: str, day: dt.date) -> None:
    """Wait until nobody else runs this channel's day, and keep others out until the transaction ends."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 5))"), {"name": f"{source} {day}"})


async def keep_run(session: AsyncSession, run: RunRow) -> None:
    """Write a run down, in place of the day's earlier one."""
    await session.merge(run)
    await session.flush()


async def run_of(session: AsyncSession, source: str, day: dt.date) -> RunRow | None:
    """The newest run of a channel's day."""
    return await session.get(RunRow, (source, day), populate_existing=True)


async def newest_runs(session: AsyncSession, limit: int) -> Sequence[RunRow]:
    """The newest runs, by day."""
    query = select(RunRow).order_by(col(RunRow.day).desc(), col(RunRow.source)).limit(limit)
    return (await session.scalars(query)).all()


async def missing(session: AsyncSession, since: dt.date, before: dt.date, *, biller: str) -> list[tuple[str, dt.date]]:
    """The bills of days in between that have not come although we took money; ``biller`` begins billers' sources."""
    query = text(
        "SELECT r.source, r.day FROM reconciliation_run r"
        " WHERE r.state <> :done AND r.day >= :since AND r.day < :before"
        " AND EXISTS (SELECT 1 FROM payment_attempt a JOIN payment_order o ON o.id = a.order_id"
        " WHERE r.source IN (a.channel, :biller || o.app_id) AND a.state IN ('settled', 'late', 'refunded')"
        " AND a.ended_at >= r.day::timestamp AT TIME ZONE 'Asia/Shanghai'"
        " AND a.ended_at < (r.day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai') ORDER BY r.day, r.source"
    )
    values = {"done": DONE, "since": since, "before": before, "biller": biller}
    return [(source, day) for source, day in await session.execute(query, values)]


async def keep(session: AsyncSession, rows: Sequence[BreakRow]) -> None:
    """Write breaks down; of one that is known and that nobody has ended, note its kind anew."""
    for chunk in (rows[n : n + CHUNK] for n in range(0, len(rows), CHUNK)):
        query = insert(BreakRow).values([row.model_dump() for row in chunk])
        await session.execute(
            query.on_conflict_do_update(
                index_elements=IDENTITY,
                set_={"kind": query.excluded.kind},
                where=col(BreakRow.state).in_(UNEXPLAINED),
            )
        )


async def end_vanished(
    session: AsyncSession, source: str, day: dt.date, found: Sequence[Difference], now: dt.datetime
) -> None:
    """End the day's breaks that a later run does not find any more."""
    there = {(one.ref, one.channel_ref, one.fen, one.ordinal) for one in found}
    for row in await _unexplained(session, BreakRow.source == source, BreakRow.day == day):
        if (row.ref, row.channel_ref, row.difference_fen, row.ordinal) not in there:
            await move(session, row.id, BreakEvent.RESOLVE, resolution="gone", ended_at=now)


async def end_timing(session: AsyncSession, source: str, refs: Sequence[str], now: dt.datetime) -> None:
    """End the breaks of a number whose amounts cancel out between two days."""
    rows = await _unexplained(session, BreakRow.source == source, col(BreakRow.ref).in_(refs))
    waiting: dict[tuple[str, int], list[BreakRow]] = {}
    for row in rows:
        if not row.difference_fen:
            continue
        others = waiting.get((row.ref, -row.difference_fen), [])
        other = next((one for one in others if one.day != row.day), None)
        if other is None:
            waiting.setdefault((row.ref, row.difference_fen), []).append(row)
            continue
        others.remove(other)
        for one in (other, row):
            await move(session, one.id, BreakEvent.RESOLVE, resolution="timing", ended_at=now)


async def find(session: AsyncSession, break_id: str) -> BreakRow | None:
    """A break as it stands now."""
    return await session.get(BreakRow, break_id, populate_existing=True)


async def newest_of(session: AsyncSession, source: str, ref: str) -> BreakRow | None:
    """The newest break of a number at a source."""
    query = select(BreakRow).where(BreakRow.source == source, BreakRow.ref == ref).order_by(col(BreakRow.id).desc())
    return (await session.scalars(query.limit(1))).one_or_none()


async def unexplained(session: AsyncSession) -> int:
    """The one number: what the channels' bills are above our books and nobody has explained, in fen."""
    query = select(func.coalesce(func.sum(col(BreakRow.difference_fen)), 0)).where(col(BreakRow.state).in_(UNEXPLAINED))
    return int((await session.scalars(query)).one())


async def waiting_by_kind(session: AsyncSession) -> dict[BreakKind, int]:
    """How many breaks wait, by what is wrong."""
    query = select(col(BreakRow.kind), func.count()).where(col(BreakRow.state).in_(UNEXPLAINED))
    found = {BreakKind(kind): count for kind, count in await session.execute(query.group_by(BreakRow.kind))}
    return {kind: found.get(kind, 0) for kind in BreakKind}


async def waiting_by_day(session: AsyncSession) -> list[tuple[dt.date, int, int]]:
    """How many breaks of each day wait, and what they come to."""
    query = (
        select(col(BreakRow.day), func.count(), func.sum(col(BreakRow.difference_fen)))
        .where(col(BreakRow.state).in_(UNEXPLAINED))
        .group_by(col(BreakRow.day))
    )
    return [(day, count, int(fen)) for day, count, fen in await session.execute(query)]


async def waiting_since(session: AsyncSession, before: dt.date, limit: int) -> list[tuple[str, dt.date, int]]:
    """The bills of days before ``before`` with breaks that wait, and how many, the oldest first."""
    query = (
        select(col(BreakRow.source), col(BreakRow.day), func.count())
        .where(col(BreakRow.state).in_(UNEXPLAINED), col(BreakRow.day) < before)
        .group_by(col(BreakRow.source), col(BreakRow.day))
        .order_by(col(BreakRow.day), col(BreakRow.source))
        .limit(limit)
    )
    return [(source, day, count) for source, day, count in await session.execute(query)]


async def page(session: AsyncSession, *, ended: bool, after: str | None, limit: int) -> Sequence[BreakRow]:
    """Breaks that wait, or that have ended, newest found first, those found before the break ``after``."""
    waits = col(BreakRow.state).in_(UNEXPLAINED)
    query = select(BreakRow).where(~waits if ended else waits).order_by(col(BreakRow.id).desc()).limit(limit)
    if after is not None:
        query = query.where(col(BreakRow.id) < after)
    return (await session.scalars(query)).all()


async def of_day(session: AsyncSession, source: str, day: dt.date) -> Sequence[BreakRow]:
    """All breaks of a channel's day."""
    query = select(BreakRow).where(BreakRow.source == source, BreakRow.day == day).order_by(col(BreakRow.id))
    return (await session.scalars(query)).all()


async def move(
    session: AsyncSession,
    break_id: str,
    event: BreakEvent,
    *guards: ColumnElement[bool],
    **values: Any,  # Any: columns of the table
) -> bool:
    """Move a break along its machine, if it is in a state that allows it and ``guards`` hold; say whether it moved."""
    result = await session.execute(
        update(BreakRow)
        .where(col(BreakRow.id) == break_id, col(BreakRow.state).in_(BREAK.sources(event)), *guards)
        .values(state=BREAK.target(event), **values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return bool(result.rowcount)


async def propose(session: AsyncSession, break_id: str, by: str) -> bool:
    """Note who wants to write a break off; say whether it still can be."""
    result = await session.execute(
        update(BreakRow)
        .where(col(BreakRow.id) == break_id, col(BreakRow.state).in_(UNEXPLAINED), col(BreakRow.proposer).is_(None))
        .values(proposer=by)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return bool(result.rowcount)


async def _unexplained(session: AsyncSession, *where: ColumnElement[bool] | bool) -> Sequence[BreakRow]:
    query = select(BreakRow).where(*where, col(BreakRow.state).in_(UNEXPLAINED)).order_by(col(BreakRow.id))
    return (await session.scalars(query.execution_options(populate_existing=True))).all()
