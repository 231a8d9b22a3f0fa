"""Drops rows that are over: the longest over first, some at a time, without waiting for another who drops them too."""

from typing import Any

from sqlalchemy import ColumnElement, CursorResult, delete, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped
from sqlmodel import SQLModel


async def drop(
    session: AsyncSession, table: type[SQLModel], over: ColumnElement[bool], *, oldest: Mapped[Any], limit: int
) -> int:
    """Delete at most so many rows that are over; say how many. An index on ``oldest`` of what can be over serves it.

    Rows are deleted by their place in the table, which stays theirs while they are locked: by a key, PostgreSQL might
    read the whole table for it.
    """
    place: ColumnElement[str] = literal_column("ctid")
    found = select(place).select_from(table).where(over).order_by(oldest).limit(limit).with_for_update(skip_locked=True)
    places = func.array(found.correlate(None).scalar_subquery())
    result = await session.execute(
        delete(table).where(place == func.any(places)).execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount
