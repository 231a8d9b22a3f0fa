"""Tables of reconciliation: a row per channel and day, a row per difference."""

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from yimen_host.core.database import Moment

DONE, QUIET, SILENT = "done", "quiet", "silent"
"""A run compared the day; or there was nothing on it, here or by the channel's word; or its bill had not come."""
POSTED = "('taken_in', 'suspense', 'loss')"


def _fen(*, nullable: bool = False) -> Column[int]:
    return Column(BigInteger, nullable=nullable)


class RunRow(SQLModel, table=True):
    """The newest run of a channel's day. Its breaks sum to the bill less our books: the database insists."""

    __tablename__ = "reconciliation_run"
    __table_args__ = (
        CheckConstraint("theirs_fen - ours_fen = breaks_fen", name="explained"),
        Index("ix_reconciliation_run_day", "day"),
        Index("ix_reconciliation_run_fees", "day", postgresql_where=text("fees_due")),
    )

    source: str = Field(primary_key=True)
    day: dt.date = Field(primary_key=True)
    state: str
    lines_here: int = 0
    lines_there: int = 0
    ours_fen: int = Field(default=0, sa_column=_fen())
    theirs_fen: int = Field(default=0, sa_column=_fen())
    breaks: int = 0
    breaks_fen: int = Field(default=0, sa_column=_fen())
    fees_fen: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default=text("0")))
    fees_due: bool = Field(
        default=True,
        sa_column_kwargs={"server_default": text("true")},
        description="perhaps not booked as they are",
    )
    by: str | None = Field(default=None, description="who asked for it; nobody when it was the clock")
    ran_at: dt.datetime = Field(sa_type=Moment)


class BookedFeeRow(SQLModel, table=True):
    """What the ledger has of a channel's fees of a day, and in how many postings."""

    __tablename__ = "reconciliation_booked_fee"
    __table_args__ = (ForeignKeyConstraint(["source", "day"], ["reconciliation_run.source", "reconciliation_run.day"]),)

    source: str = Field(primary_key=True)
    day: dt.date = Field(primary_key=True)
    fen: int = Field(sa_column=_fen())
    postings: int


class BreakRow(SQLModel, table=True):
    """A difference. What makes it this one never changes; ``difference_fen`` is the bill less our books."""

    __tablename__ = "reconciliation_break"
    __table_args__ = (
        UniqueConstraint(
            "source", "day", "ref", "channel_ref", "difference_fen", "ordinal", name="uq_reconciliation_break_line"
        ),
        UniqueConstraint("posting_key", name="uq_reconciliation_break_posting"),
        CheckConstraint(
            "state <> 'written_off' OR (proposer IS NOT NULL AND approver IS NOT NULL AND proposer <> approver)",
            name="two_people",
        ),
        CheckConstraint("state <> 'assigned' OR owner IS NOT NULL", name="owner"),
        CheckConstraint("(state IN ('resolved', 'written_off')) = (resolution IS NOT NULL)", name="ended"),
        CheckConstraint("(state = 'written_off') = (resolution IS NOT DISTINCT FROM 'loss')", name="loss"),
        CheckConstraint(f"coalesce(resolution IN {POSTED}, false) = (posting_key IS NOT NULL)", name="posting"),
        CheckConstraint("resolution IS DISTINCT FROM 'seen' OR difference_fen = 0", name="seen"),
        Index("ix_reconciliation_break_taken", "ref", postgresql_where=text("resolution = 'taken_in'")),
        Index("ix_reconciliation_break_open", "day", postgresql_where=text("state IN ('open', 'assigned')")),
    )

    id: str = Field(primary_key=True)
    source: str
    day: dt.date
    kind: str
    way: str
    ref: str = Field(index=True)
    channel_ref: str
    ordinal: int
    currency: str
    ours_fen: int | None = Field(default=None, sa_column=_fen(nullable=True))
    theirs_fen: int | None = Field(default=None, sa_column=_fen(nullable=True))
    difference_fen: int = Field(sa_column=_fen())
    state: str
    owner: str | None = None
    proposer: str | None = None
    approver: str | None = None
    resolution: str | None = None
    posting_key: str | None = None
    found_at: dt.datetime = Field(sa_type=Moment)
    ended_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    ended_by: str | None = None
