"""All SQL of dispatches."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.core import bygone
from yimen_host.core.dropping import drop as drop_over
from yimen_host.core.outbox import OutboxEvent
from yimen_host.notices.dispatches.models import DispatchItemRow, DispatchRow


@dataclass(frozen=True)
class Standing:
    """How a way does: what waits on it, and what last came of it."""

    waiting: int
    """Messages that are due and not taken."""
    error: str | None
    """Why the oldest of them is not; nothing when it was not tried yet."""
    since: dt.datetime | None
    last_sent: dt.datetime | None


@dataclass(frozen=True)
class Unsent:
    """What has not left the host yet, on all ways together, those that no setting names any more too."""

    waiting: int
    """Messages that take in what is raised, are due, or failed and are tried again."""
    oldest_due: dt.datetime | None = None
    """When the first of them was due, or will be."""


async def is_told(session: AsyncSession, way: str, event_id: str) -> bool:
    """Whether an alert is in a dispatch of a way."""
    return await session.get(DispatchItemRow, (way, event_id)) is not None


async def last_closed(session: AsyncSession, way: str, kind: str) -> dt.datetime | None:
    """When the newest dispatch of a way and kind was closed."""
    mine = select(func.max(DispatchRow.closed_at)).where(DispatchRow.way == way, DispatchRow.kind == kind)
    return (await session.execute(mine)).scalar_one()


async def open_one(session: AsyncSession, row: DispatchRow) -> str:
    """Return the open dispatch of a way and kind, this one where there is none. It stays open until we commit."""
    added = insert(DispatchRow).values(row.model_dump())
    locked = added.on_conflict_do_update(
        index_elements=["way", "kind"], index_where=col(DispatchRow.closed_at).is_(None), set_={"kind": row.kind}
    )
    return str(await session.scalar(locked.returning(col(DispatchRow.id))))


async def take_in(session: AsyncSession, item: DispatchItemRow) -> None:
    """Put an alert into a dispatch."""
    session.add(item)
    await session.flush()


async def close(session: AsyncSession, dispatch_id: str, now: dt.datetime) -> DispatchRow | None:
    """Close a dispatch for good, if nobody has, and return it; None when it is gone or sent."""
    unsent = update(DispatchRow).where(col(DispatchRow.id) == dispatch_id, col(DispatchRow.sent_at).is_(None))
    closed = unsent.values(closed_at=func.coalesce(DispatchRow.closed_at, now)).returning(DispatchRow)
    return (await session.execute(closed)).scalar_one_or_none()


async def alerts_of(session: AsyncSession, dispatch_id: str) -> Sequence[OutboxEvent]:
    """What a dispatch tells of, the oldest first."""
    mine = select(OutboxEvent).join(DispatchItemRow, col(DispatchItemRow.event_id) == OutboxEvent.id)
    found = mine.where(DispatchItemRow.dispatch_id == dispatch_id)
    return (await session.execute(found.order_by(col(OutboxEvent.created_at), col(OutboxEvent.id)))).scalars().all()


async def note(session: AsyncSession, dispatch_id: str, *, error: str | None, now: dt.datetime) -> None:
    """Write down what came of a try; no error: it was taken."""
    changed = update(DispatchRow).where(col(DispatchRow.id) == dispatch_id)
    values = {"tries": DispatchRow.tries + 1, "last_error": error, "sent_at": now if error is None else None}
    await session.execute(changed.values(values))


async def drop(session: AsyncSession, dispatch_id: str) -> None:
    """Forget a dispatch whose way is gone."""
    await session.execute(delete(DispatchRow).where(col(DispatchRow.id) == dispatch_id))


async def forget_sent(session: AsyncSession, before: dt.datetime, limit: int) -> int:
    """Drop dispatches that were taken before a moment; say how many."""
    sent_at = col(DispatchRow.sent_at)
    return await drop_over(session, DispatchRow, sent_at < before, oldest=sent_at, limit=limit)


async def telling_of(session: AsyncSession, event_ids: Collection[str]) -> set[str]:
    """Those among these events that some dispatch tells of."""
    return await bygone.named_in(session, event_ids, "alert_dispatch_item WHERE event_id = e.id")


async def unsent(session: AsyncSession) -> Unsent:
    """Count what has not left."""
    waiting = select(func.count(), func.min(DispatchRow.due_at)).where(col(DispatchRow.sent_at).is_(None))
    return Unsent(*(await session.execute(waiting)).one())


async def standing(session: AsyncSession, way: str, overdue: dt.datetime) -> Standing:
    """Look how a way does. What was due before ``overdue`` waits, and so does what was tried."""
    unsent = select(DispatchRow).where(
        DispatchRow.way == way,
        col(DispatchRow.sent_at).is_(None),
        (col(DispatchRow.due_at) < overdue) | (col(DispatchRow.tries) > 0),
    )
    waiting = (await session.execute(unsent.order_by(col(DispatchRow.due_at)))).scalars().all()
    sent = select(func.max(DispatchRow.sent_at)).where(DispatchRow.way == way)
    last_sent = (await session.execute(sent)).scalar_one()
    if not waiting:
        return Standing(0, None, None, last_sent)
    return Standing(len(waiting), waiting[0].last_error, waiting[0].due_at, last_sent)
