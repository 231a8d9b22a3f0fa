"""All SQL of notices."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import func, literal, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.core.dropping import drop
from yimen_host.notices.models import NoticeRow


async def add(session: AsyncSession, row: NoticeRow) -> bool:
    """Put a notice in an inbox and say that it is new; the same source a second time changes nothing."""
    added = insert(NoticeRow).values(row.model_dump()).on_conflict_do_nothing(index_elements=["source_id"])
    return await session.scalar(added.returning(col(NoticeRow.id))) is not None


async def page(session: AsyncSession, resident_id: str, before: str | None, limit: int) -> Sequence[NoticeRow]:
    """The newest notices of a resident, older than ``before`` (an id) when given."""
    found = select(NoticeRow).where(NoticeRow.resident_id == resident_id)
    place = tuple_(col(NoticeRow.created_at), col(NoticeRow.id))
    if before:
        last = select(NoticeRow.created_at).where(NoticeRow.id == before).scalar_subquery()
        found = found.where(place < tuple_(last, literal(before)))
    newest = (col(NoticeRow.created_at).desc(), col(NoticeRow.id).desc())
    return (await session.execute(found.order_by(*newest).limit(limit))).scalars().all()


async def unread(session: AsyncSession, resident_id: str) -> int:
    """How many notices wait to be read."""
    waiting = select(func.count()).where(NoticeRow.resident_id == resident_id, col(NoticeRow.read_at).is_(None))
    return int((await session.execute(waiting)).scalar_one())


async def mark_read(session: AsyncSession, resident_id: str, now: dt.datetime) -> None:
    """Mark everything read."""
    read = update(NoticeRow).where(col(NoticeRow.resident_id) == resident_id, col(NoticeRow.read_at).is_(None))
    await session.execute(read.values(read_at=now))


async def forget_read(session: AsyncSession, before: dt.datetime, limit: int) -> int:
    """Drop notices that were read before a moment; say how many."""
    read_at = col(NoticeRow.read_at)
    return await drop(session, NoticeRow, read_at < before, oldest=read_at, limit=limit)


async def sent_since(session: AsyncSession, app_id: str, resident_id: str, since: dt.datetime) -> int:
    """How many notices a mini-app sent a resident since a moment."""
    sent = select(func.count()).where(
        NoticeRow.app_id == app_id, NoticeRow.resident_id == resident_id, NoticeRow.created_at > since
    )
    return int((await session.execute(sent)).scalar_one())
