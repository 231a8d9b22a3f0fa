"""Tables of submissions. Who may approve is held by the database: two people where it takes two, never one's own."""

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from yimen_registry.database import Json, Moment, Table, one_of
from yimen_registry.submissions.machine import OPEN, SubmissionState


class Act(StrEnum):
    """What somebody said about a submission."""

    APPROVED = "approved"
    """A reviewer approved."""
    REJECTED = "rejected"
    """A reviewer refused, with reasons."""
    ASKED = "asked"
    """A reviewer asked."""
    ANSWERED = "answered"
    """The publisher answered."""
    FAILED = "failed"
    """The checks found something that stands in the way."""


_NULLABLE_JSON: Any = JSONB(none_as_null=True)  # `Any`: Field is typed for classes, SQLAlchemy takes both
_OPEN = ", ".join(f"'{state.value}'" for state in sorted(OPEN))


class SubmissionRow(Table, table=True):
    """A frozen snapshot of one build on its way to a release."""

    __tablename__ = "submission"
    __table_args__ = (
        CheckConstraint(one_of("state", SubmissionState), "state"),
        CheckConstraint("first_approver NOT IN (submitted_by, uploaded_by)", "first_approver_is_not_the_maker"),
        CheckConstraint("second_approver NOT IN (submitted_by, uploaded_by)", "second_approver_is_not_the_maker"),
        CheckConstraint("second_approver <> first_approver", "approvers_are_two_people"),
        CheckConstraint(
            "state <> 'approved' OR (first_approver IS NOT NULL AND (NOT two_people OR second_approver IS NOT NULL))",
            "approved_by_enough_people",
        ),
        CheckConstraint(
            "state IN ('submitted', 'rejected', 'withdrawn', 'superseded') OR (report IS NOT NULL AND NOT blocked)",
            "reviewed_only_when_the_checks_passed",
        ),
        UniqueConstraint("id", "state"),
        Index("ux_submission_open_build", "build_id", unique=True, postgresql_where=text(f"state IN ({_OPEN})")),
    )

    id: str = Field(primary_key=True)
    build_id: str = Field(foreign_key="registry.build.id")
    app_id: str = Field(foreign_key="registry.app.id", index=True)
    publisher_id: str = Field(foreign_key="registry.publisher.id", index=True)
    version: str
    state: str
    tree_digest: str
    manifest: Json = Field(sa_type=JSONB)
    base_manifest: Json | None = Field(default=None, sa_type=_NULLABLE_JSON)
    note: str
    two_people: bool
    blocked: bool = False
    report: Json | None = Field(default=None, sa_type=_NULLABLE_JSON)
    submitted_by: str
    uploaded_by: str
    reviewer: str | None = None
    first_approver: str | None = None
    second_approver: str | None = None
    submitted_at: dt.datetime = Field(sa_type=Moment)
    changed_at: dt.datetime = Field(sa_type=Moment)


class StatementRow(Table, table=True):
    """What a reviewer or the publisher said about a submission, with reasons and evidence."""

    __tablename__ = "submission_statement"
    __table_args__ = (CheckConstraint(one_of("act", Act), "act"),)

    id: str = Field(primary_key=True)
    submission_id: str = Field(foreign_key="registry.submission.id", index=True)
    act: str
    by: str
    text: str
    reasons: list[Json] = Field(default_factory=list, sa_type=JSONB)
    at: dt.datetime = Field(sa_type=Moment)
