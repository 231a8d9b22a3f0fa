"""All SQL of the log: add, read, and verify what is there."""

import datetime as dt

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_registry.database import Json
from yimen_registry.log.chain import GENESIS, Entry, LogBroken, sealed, verify
from yimen_registry.log.models import LogEntryRow, LogHeadRow

PAGE = 1_000
"""Entries read at a time."""


async def lock(session: AsyncSession) -> LogHeadRow:
    """Make every other writer wait for the end of this transaction.

    The acts of a registry are rare and their order is the log's order, so a writing transaction does this first;
    then no two can wait for each other.
    """
    query = select(LogHeadRow).with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one()


async def append(
    session: AsyncSession,
    now: dt.datetime,
    *,
    actor: str,
    act: str,
    thing: str,
    details: Json | None = None,
) -> Entry:
    """Write one act at the end of the log."""
    head = await lock(session)
    entry = sealed(
        head.number + 1,
        now,
        actor=actor,
        act=act,
        thing=thing,
        details=details or {},
        previous=head.hash,
    )
    session.add(LogEntryRow(**vars(entry)))
    moved = update(LogHeadRow).where(col(LogHeadRow.id) == 1).values(number=entry.number, hash=entry.hash)
    await session.execute(moved)
    return entry


async def entries(session: AsyncSession, *, after: int = 0, limit: int = 100, thing: str | None = None) -> list[Entry]:
    """Return entries in order, from the one that follows number `after`."""
    query = select(LogEntryRow).where(LogEntryRow.number > after).order_by(col(LogEntryRow.number))
    if thing is not None:
        query = query.where(LogEntryRow.thing == thing)
    rows = (await session.execute(query.limit(min(limit, PAGE)))).scalars()
    return [_entry(row) for row in rows]


async def latest(session: AsyncSession, *, limit: int = 100, thing: str | None = None) -> list[Entry]:
    """Return the newest entries, newest first."""
    query = select(LogEntryRow).order_by(col(LogEntryRow.number).desc())
    if thing is not None:
        query = query.where(LogEntryRow.thing == thing)
    rows = (await session.execute(query.limit(min(limit, PAGE)))).scalars()
    return [_entry(row) for row in rows]


async def verify_all(session: AsyncSession) -> int:
    """Check the whole log against its head and return how many entries it has. Raises LogBroken."""
    count, last = 0, GENESIS
    while page := await entries(session, after=count, limit=PAGE):
        last = verify(page, after=count, previous=last)
        count += len(page)
    head = (await session.execute(select(LogHeadRow))).scalar_one()
    if (head.number, head.hash) != (count, last):
        raise LogBroken(f"the log has {count} entries, its head says {head.number}")
    return count


def _entry(row: LogEntryRow) -> Entry:
    return Entry(row.number, row.at, row.actor, row.act, row.thing, row.details, row.previous, row.hash)
