"""All SQL of submissions. A step is one conditional write: it happens from the right state, or not at all."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, func, or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_registry.database import Json, written
from yimen_registry.submissions.machine import OPEN, SubmissionEvent, SubmissionState, sources, target
from yimen_registry.submissions.models import Act, StatementRow, SubmissionRow
from yimen_sdk.manifest import Manifest
from yimen_sdk.rules import Report

LIMIT = 200
"""Submissions in one list."""


@dataclass(frozen=True)
class Submission:
    """A submission as publisher and reviewer see it."""

    id: str
    build_id: str
    app_id: str
    publisher_id: str
    version: str
    state: SubmissionState
    tree_digest: str
    manifest: Manifest
    base_manifest: Manifest | None
    note: str
    two_people: bool
    blocked: bool
    report: Report | None
    submitted_by: str
    uploaded_by: str
    reviewer: str | None
    first_approver: str | None
    second_approver: str | None
    submitted_at: dt.datetime
    changed_at: dt.datetime


@dataclass(frozen=True)
class Statement:
    """Something that was said about a submission."""

    act: Act
    by: str
    text: str
    reasons: tuple[Json, ...]
    at: dt.datetime


async def add(session: AsyncSession, row: SubmissionRow) -> Submission:
    """Add a submission. Raises IntegrityError when the build has an open one."""
    session.add(row)
    await session.flush()
    return _submission(row)


async def submission(session: AsyncSession, submission_id: str) -> Submission | None:
    """Return a submission by its id."""
    row = await session.get(SubmissionRow, submission_id, populate_existing=True)
    return _submission(row) if row else None


async def in_states(session: AsyncSession, states: Sequence[SubmissionState]) -> list[Submission]:
    """Return the submissions in some states, the longest waiting first."""
    query = (
        select(SubmissionRow)
        .where(col(SubmissionRow.state).in_(states))
        .order_by(col(SubmissionRow.submitted_at))
        .limit(LIMIT)
    )
    return [_submission(row) for row in (await session.execute(query)).scalars()]


async def of_app(session: AsyncSession, app_id: str) -> list[Submission]:
    """Return the submissions of a mini-app, newest first."""
    query = (
        select(SubmissionRow)
        .where(SubmissionRow.app_id == app_id)
        .order_by(col(SubmissionRow.submitted_at).desc())
        .limit(LIMIT)
    )
    return [_submission(row) for row in (await session.execute(query)).scalars()]


async def step(
    session: AsyncSession,
    submission_id: str,
    event: SubmissionEvent,
    now: dt.datetime,
    *,
    reviewer: str | None = None,
) -> bool:
    """Let an event happen; False when the submission is not in a state where it can."""
    values: Json = {"state": target(event), "changed_at": now}
    if reviewer is not None:
        values["reviewer"] = reviewer
    moved = update(SubmissionRow).where(_in_sources(submission_id, event)).values(values)
    return written(await session.execute(moved)) == 1


async def record_report(session: AsyncSession, submission_id: str, report: Report, now: dt.datetime) -> bool:
    """Keep what the checks found; False when the submission no longer waits for them."""
    kept = (
        update(SubmissionRow)
        .where(
            col(SubmissionRow.id) == submission_id,
            col(SubmissionRow.state) == SubmissionState.SUBMITTED,
        )
        .values(report=report.model_dump(mode="json"), blocked=report.blocks, changed_at=now)
    )
    return written(await session.execute(kept)) == 1


async def approve(session: AsyncSession, submission_id: str, reviewer: str, now: dt.datetime) -> bool:
    """Add one person's approval; with the last one needed the submission is approved.

    False when it is not in review, or this person already approved. Raises IntegrityError for the maker's own.
    """
    first, second = col(SubmissionRow.first_approver), col(SubmissionRow.second_approver)
    enough = or_(~col(SubmissionRow.two_people), first.is_not(None))
    approved = (
        update(SubmissionRow)
        .where(
            _in_sources(submission_id, SubmissionEvent.APPROVE),
            or_(first.is_(None), first != reviewer),
        )
        .values(
            first_approver=func.coalesce(first, reviewer),
            second_approver=case((first.is_not(None), reviewer), else_=second),
            state=case((enough, target(SubmissionEvent.APPROVE)), else_=col(SubmissionRow.state)),
            changed_at=now,
        )
    )
    return written(await session.execute(approved)) == 1


async def say(session: AsyncSession, row: StatementRow) -> None:
    """Keep a statement."""
    session.add(row)
    await session.flush()


async def statements(session: AsyncSession, submission_id: str) -> list[Statement]:
    """Return what was said about a submission, in order."""
    query = (
        select(StatementRow)
        .where(StatementRow.submission_id == submission_id)
        .order_by(col(StatementRow.at), col(StatementRow.id))
    )
    rows = (await session.execute(query)).scalars()
    return [Statement(Act(row.act), row.by, row.text, tuple(row.reasons), row.at) for row in rows]


async def open_of_app(session: AsyncSession, app_id: str) -> list[Submission]:
    """Return the submissions of a mini-app that can still become something."""
    query = select(SubmissionRow).where(SubmissionRow.app_id == app_id, col(SubmissionRow.state).in_(OPEN))
    return [_submission(row) for row in (await session.execute(query)).scalars()]


def _in_sources(submission_id: str, event: SubmissionEvent) -> ColumnElement[bool]:
    return and_(col(SubmissionRow.id) == submission_id, col(SubmissionRow.state).in_(sources(event)))


def _submission(row: SubmissionRow) -> Submission:
    values = row.model_dump()
    base, report = values.pop("base_manifest"), values.pop("report")
    return Submission(
        **{
            **values,
            "state": SubmissionState(row.state),
            "manifest": Manifest.model_validate(row.manifest),
            "base_manifest": Manifest.model_validate(base) if base else None,
            "report": Report.model_validate(report) if report else None,
        }
    )
