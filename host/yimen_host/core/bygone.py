"""Events of the outbox that happened long ago: which are still to be delivered, and which go.

An old event that is still wanted is looked at again later, so a heap of dead letters is not read at every look.
"""

import datetime as dt
from collections.abc import Collection

from sqlalchemy import delete, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.core.outbox import DELIVER, OutboxEvent


async def due(session: AsyncSession, before: dt.datetime, limit: int) -> set[str]:
    """Take the events that were last looked at before a moment; nobody else takes them until this transaction ends."""
    looked_at = col(OutboxEvent.looked_at)
    query = select(OutboxEvent.id).where(looked_at < before).order_by(looked_at).limit(limit)
    return set((await session.scalars(query.with_for_update(skip_locked=True))).all())


async def undelivered(session: AsyncSession, event_ids: Collection[str]) -> set[str]:
    """Those among them that wait for a destination, or were given up and may be sent again."""
    jobs = f"procrastinate_jobs WHERE task_name = '{DELIVER}' AND args ->> 'event_id' = e.id"
    return await named_in(session, event_ids, jobs)


async def named_in(session: AsyncSession, event_ids: Collection[str], rows: str) -> set[str]:
    """Those among events, ``e``, of which there are such rows: ``"bill WHERE event_id = e.id"``.

    They are counted for each event, by an index: for all together PostgreSQL may read the whole table, where it has no
    statistics of it.
    """
    found = f"SELECT id FROM unnest(CAST(:ids AS text[])) AS e(id) WHERE (SELECT count(*) FROM {rows}) > 0"  # noqa: S608  words of our own code
    return set((await session.scalars(text(found), {"ids": list(event_ids)})).all())


async def forget(session: AsyncSession, event_ids: Collection[str]) -> None:
    """Drop events. Raises IntegrityError for one that a webhook or a dispatch still tells of."""
    gone = delete(OutboxEvent).where(col(OutboxEvent.id).in_(event_ids))
    await session.execute(gone.execution_options(synchronize_session=False))


async def look_again(session: AsyncSession, event_ids: Collection[str], as_if: dt.datetime) -> None:
    """Keep events, as if they had been looked at at a moment."""
    kept = update(OutboxEvent).where(col(OutboxEvent.id).in_(event_ids)).values(looked_at=as_if)
    await session.execute(kept.execution_options(synchronize_session=False))
