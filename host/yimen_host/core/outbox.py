"""Things that happened, written in the transaction that made them happen, and delivered afterwards by jobs.

At least once, in order per subject and destination: a destination must be able to hear the same event twice.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from yimen_host.core.database import Moment

DELIVER = "yimen.deliver"
QUEUE = "outbox"


class OutboxEvent(SQLModel, table=True):
    """One thing that happened. Never changed, but for when it was last looked whether anybody wants it (``bygone``)."""

    __tablename__ = "outbox_event"

    id: str = Field(primary_key=True)
    type: str
    subject: str = Field(index=True)
    data: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    created_at: dt.datetime = Field(sa_type=Moment)
    looked_at: dt.datetime = Field(sa_type=Moment, index=True)


@dataclass(frozen=True)
class Happening:
    """What is to be told: its type, the object it is about, and its data (JSON)."""

    id: str
    type: str
    subject: str
    data: Mapping[str, Any]
    at: dt.datetime


async def publish(session: AsyncSession, happening: Happening, *, to: Sequence[str]) -> None:
    """Write an event and one delivery job for each destination: ``notices``, ``alerts``, ``app:{id}``."""
    session.add(_row(happening))
    await session.flush()
    await _deliver(session, happening, to)


async def publish_once(session: AsyncSession, happening: Happening, *, to: Sequence[str]) -> bool:
    """The same, unless an event of this id was written before; say whether it is new."""
    query = (
        insert(OutboxEvent).values(_row(happening).model_dump()).on_conflict_do_nothing().returning(col(OutboxEvent.id))
    )
    is_new = await session.scalar(query) is not None
    if is_new:
        await _deliver(session, happening, to)
    return is_new


def _row(happening: Happening) -> OutboxEvent:
    return OutboxEvent(
        id=happening.id,
        type=happening.type,
        subject=happening.subject,
        data=dict(happening.data),
        created_at=happening.at,
        looked_at=happening.at,
    )


async def _deliver(session: AsyncSession, happening: Happening, to: Sequence[str]) -> None:
    for destination in to:
        await defer(
            session,
            DELIVER,
            {"event_id": happening.id, "destination": destination},
            queue=QUEUE,
            lock=lock_of(destination, happening.subject),
        )


def lock_of(destination: str, subject: str) -> str:
    """The name under which the deliveries of one object to one destination follow one another."""
    return f"{destination}:{subject}"


async def defer(
    session: AsyncSession,
    task: str,
    arguments: Mapping[str, Any],
    *,
    queue: str = "default",
    lock: str | None = None,
    at: dt.datetime | None = None,
) -> None:
    """Enqueue a job in this very transaction: it runs if, and only if, the transaction commits."""
    await session.execute(
        text(
            "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(:queue, :task, 0, :lock, NULL, "
            "CAST(:arguments AS jsonb), CAST(:at AS timestamptz))::procrastinate_job_to_defer_v1])"
        ),
        {"queue": queue, "task": task, "lock": lock, "arguments": json.dumps(dict(arguments)), "at": at},
    )


async def find_event(session: AsyncSession, event_id: str) -> OutboxEvent | None:
    """Read an event for its delivery."""
    return await session.get(OutboxEvent, event_id)
