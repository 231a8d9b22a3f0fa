"""The table of batches. Its keys make the batches of a merchant a chain: no line is in two, and none is left out."""

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from yimen_host.core.database import Moment


def _number(*, nullable: bool = False) -> Column[int]:
    return Column(BigInteger, nullable=nullable)


class BatchRow(SQLModel, table=True):
    """The lines of a merchant's payable account after ``after_seq`` up to ``last_seq``, and what they come to."""

    __tablename__ = "settlement_batch"
    __table_args__ = (
        UniqueConstraint("merchant_id", "after_seq", name="uq_settlement_batch_begin"),
        UniqueConstraint("merchant_id", "last_seq", name="uq_settlement_batch_end"),
        ForeignKeyConstraint(
            ["merchant_id", "previous_seq"],
            ["settlement_batch.merchant_id", "settlement_batch.last_seq"],
            name="fk_settlement_batch_chain",
        ),
        CheckConstraint("after_seq < last_seq", name="lines"),
        CheckConstraint("coalesce(previous_seq, 0) = after_seq", name="chain"),
        CheckConstraint(
            "gross_fen - fee_fen - reserve_fen + released_fen + carried_in_fen = payout_fen + carried_out_fen",
            name="reckoned",
        ),
        CheckConstraint("payout_fen >= 0 AND reserve_fen >= 0 AND released_fen >= 0", name="signs"),
        Index("ix_settlement_batch_kept", "merchant_id", "reserve_until", postgresql_where=text("released_by IS NULL")),
        Index("ix_settlement_batch_moving", "id", postgresql_where=text("state IN ('closed', 'submitted')")),
    )

    id: str = Field(primary_key=True)
    merchant_id: str
    after_seq: int = Field(sa_column=_number())
    previous_seq: int | None = Field(default=None, sa_column=_number(nullable=True))
    last_seq: int = Field(sa_column=_number())
    lines: int
    gross_fen: int = Field(sa_column=_number())
    fee_fen: int = Field(sa_column=_number())
    reserve_fen: int = Field(sa_column=_number())
    released_fen: int = Field(sa_column=_number())
    carried_in_fen: int = Field(sa_column=_number())
    payout_fen: int = Field(sa_column=_number())
    carried_out_fen: int = Field(sa_column=_number())
    reserve_until: dt.datetime = Field(sa_type=Moment)
    released_by: str | None = Field(default=None, description="the batch that gave its reserve back")
    state: str
    tries: int = 0
    reason: str | None = None
    closed_at: dt.datetime = Field(sa_type=Moment)
    ended_at: dt.datetime | None = Field(default=None, sa_type=Moment)
