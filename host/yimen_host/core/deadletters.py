"""Deliveries of the outbox that did not arrive: why, and how they are sent again in their order.

A delivery that was given up is a dead letter. What happened to the same object later waits behind it: a destination
that heard it first could not put the two in order again.
"""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel

from yimen_host.core.database import Moment
from yimen_host.core.errors import HostError
from yimen_host.core.outbox import DELIVER, lock_of

LONGEST_REASON = 500
MOST_SHOWN = 200


class HeldBack(HostError):
    """An earlier event of the same object was not taken."""

    code = "held_back"
    status = 409


class OutboxFailure(SQLModel, table=True):
    """Why a delivery failed the last time; gone when it arrives."""

    __tablename__ = "outbox_failure"

    job_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    reason: str
    at: dt.datetime = Field(sa_type=Moment)


@dataclass(frozen=True)
class Backlog:
    """Deliveries of the outbox that were not taken."""

    waiting: int
    """They will be tried."""
    dead: int


@dataclass(frozen=True)
class Letter:
    """A delivery that has failed at least once."""

    job_id: int
    type: str
    subject: str
    created_at: dt.datetime
    tries: int
    is_dead: bool
    reason: str
    failed_at: dt.datetime | None


async def require_turn(session: AsyncSession, job_id: int, destination: str, subject: str) -> None:
    """Pass unless an earlier delivery of the same object to the same destination is dead. Raises HeldBack."""
    before = text(
        "SELECT 1 FROM procrastinate_jobs WHERE task_name = :task AND lock = :lock AND status = 'failed' "
        "AND id < :id LIMIT 1"
    )
    values = {"task": DELIVER, "lock": lock_of(destination, subject), "id": job_id}
    if (await session.execute(before, values)).first() is not None:
        raise HeldBack(f"an earlier event of {subject} was not taken; this one waits behind it")


async def note(session: AsyncSession, job_id: int, reason: str, at: dt.datetime) -> None:
    """Note why a delivery failed."""
    values = {"job_id": job_id, "reason": reason[:LONGEST_REASON], "at": at}
    noted = insert(OutboxFailure).values(values)
    await session.execute(noted.on_conflict_do_update(index_elements=["job_id"], set_=values))


async def forget(session: AsyncSession, job_id: int) -> None:
    """A delivery arrived."""
    await session.execute(text("DELETE FROM outbox_failure WHERE job_id = :id"), {"id": job_id})


async def forget_destination(session: AsyncSession, destination: str) -> None:
    """Delete the deliveries that wait for a destination that is gone, and those that failed, with the reasons."""
    gone = text(
        "WITH gone AS (DELETE FROM procrastinate_jobs WHERE task_name = :task AND status IN ('todo', 'failed') "
        "AND args ->> 'destination' = :destination RETURNING id) "
        "DELETE FROM outbox_failure WHERE job_id IN (SELECT id FROM gone)"
    )
    await session.execute(gone, {"task": DELIVER, "destination": destination})


async def forget_chores(session: AsyncSession, before: dt.datetime, limit: int) -> int:
    """Drop the regular jobs that failed before a moment; say how many. What has an order to keep is no chore."""
    failed = text(
        "DELETE FROM procrastinate_jobs WHERE id = ANY(ARRAY(SELECT j.id FROM procrastinate_jobs j "
        "WHERE j.status = 'failed' AND j.lock IS NULL AND j.queueing_lock = j.task_name AND EXISTS (SELECT 1 "
        "FROM procrastinate_events e WHERE e.job_id = j.id AND e.type = 'failed' AND e.at < :before) "
        "ORDER BY j.id LIMIT :limit FOR UPDATE SKIP LOCKED)) RETURNING id"
    )
    return len((await session.execute(failed, {"before": before, "limit": limit})).all())


async def letters(session: AsyncSession, destination: str) -> list[Letter]:
    """The deliveries to a destination that failed so far, the dead ones first, each object's in their order."""
    found = text(
        "SELECT j.id, e.type, e.subject, e.created_at, j.attempts, j.status = 'failed', f.reason, f.at "
        "FROM procrastinate_jobs j JOIN outbox_event e ON e.id = j.args ->> 'event_id' "
        "LEFT JOIN outbox_failure f ON f.job_id = j.id "
        "WHERE j.task_name = :task AND j.args ->> 'destination' = :destination "
        "AND (j.status = 'failed' OR (j.status = 'todo' AND f.job_id IS NOT NULL)) "
        "ORDER BY (j.status = 'failed') DESC, e.subject, j.id LIMIT :most"
    )
    rows = await session.execute(found, {"task": DELIVER, "destination": destination, "most": MOST_SHOWN})
    return [
        Letter(id, type, subject, created_at, tries, is_dead, reason or "", failed_at)
        for id, type, subject, created_at, tries, is_dead, reason, failed_at in rows
    ]


async def backlog(session: AsyncSession) -> Backlog:
    """How many deliveries of the outbox there are; those that arrived are gone."""
    counted = text(
        "SELECT count(*) FILTER (WHERE status IN ('todo', 'doing')), count(*) FILTER (WHERE status = 'failed') "
        "FROM procrastinate_jobs WHERE task_name = :task"
    )
    return Backlog(*(await session.execute(counted, {"task": DELIVER})).one())


async def send_again(session: AsyncSession, destination: str, subject: str) -> int:
    """Let all dead letters of one object be tried anew, in their order; return how many there were."""
    again = text(
        "UPDATE procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = NULL "
        "WHERE task_name = :task AND lock = :lock AND status = 'failed' RETURNING id"
    )
    return len((await session.execute(again, {"task": DELIVER, "lock": lock_of(destination, subject)})).all())
