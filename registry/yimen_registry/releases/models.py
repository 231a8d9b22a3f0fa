"""Table of releases. A release belongs to an approved submission, serves once a kind, and is yanked by two people."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from yimen_registry.database import Json, Moment, Table, one_of
from yimen_registry.releases.machine import SERVING, ReleaseState


class Severity(StrEnum):
    """How hard a release is withdrawn."""

    LOW = "low"
    """Nobody gets it any more; it must not be serving. One person decides."""
    CRITICAL = "critical"
    """It stops at once, wherever it runs. Two people decide."""


class ReleaseRow(Table, table=True):
    """A release 版本: one approved version of one mini-app."""

    __tablename__ = "release"
    __table_args__ = (
        CheckConstraint(one_of("state", ReleaseState), "state"),
        CheckConstraint("submission_state = 'approved'", "comes_from_an_approved_submission"),
        ForeignKeyConstraint(
            ["submission_id", "submission_state"],
            ["registry.submission.id", "registry.submission.state"],
            name="fk_release_submission_approved",
        ),
        CheckConstraint("percent BETWEEN 0 AND 100", "percent_range"),
        CheckConstraint("(state = 'gray') = (percent BETWEEN 1 AND 100)", "gray_has_a_share"),
        CheckConstraint(one_of("yank", Severity), "yank"),
        CheckConstraint("yank_confirmed_by <> yank_asked_by", "yanked_by_two_people"),
        CheckConstraint(
            "state <> 'yanked' OR (yank_asked_by IS NOT NULL AND (yank = 'low' OR yank_confirmed_by IS NOT NULL))",
            "critical_yank_is_confirmed",
        ),
        UniqueConstraint("app_id", "version"),
        *(
            Index(f"ux_release_{state}", "app_id", unique=True, postgresql_where=text(f"state = '{state}'"))
            for state in sorted(SERVING)
        ),
    )

    id: str = Field(primary_key=True)
    app_id: str = Field(foreign_key="registry.app.id")
    version: str
    build_id: str = Field(foreign_key="registry.build.id")
    submission_id: str = Field(unique=True)
    submission_state: str = "approved"
    state: str
    percent: int = 0
    pilots: list[str] = Field(default_factory=list, sa_type=JSONB)
    tree_digest: str
    module: str
    manifest: Json = Field(sa_type=JSONB)
    approved_at: dt.datetime = Field(sa_type=Moment)
    served_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    changed_at: dt.datetime = Field(sa_type=Moment)
    yank: str | None = None
    yank_reason: str | None = None
    yank_asked_by: str | None = None
    yank_confirmed_by: str | None = None
