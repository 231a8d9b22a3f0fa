"""Tables of coupons: campaigns, coupons, what they paid of an order, what a refund returns, and every act of people.

A coupon's key begins with the person: a batch of claims looks up many persons of one campaign, and with the campaign
first PostgreSQL reads far more of the index than it needs.
"""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel


def _moment(*, nullable: bool = False) -> Any:  # Any: SQLModel types its Field so
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _number(*, default: int | None = None, nullable: bool = False) -> Any:  # Any: as above
    server = None if default is None else str(default)
    return Field(default=default, sa_column=Column(BigInteger, nullable=nullable, server_default=server))


def _words() -> Any:  # Any: as above
    return Field(sa_column=Column(ARRAY(Text), nullable=False))


class CampaignRow(SQLModel, table=True):
    """A campaign: its terms, how it stands, and who answers for it. Beyond its plan no state is without two people."""

    __tablename__ = "coupon_campaign"
    __table_args__ = (
        CheckConstraint("face_fen > 0 AND threshold_fen > face_fen", name="face"),
        CheckConstraint("stock > 0 AND stock * face_fen <= budget_fen", name="budget"),
        CheckConstraint("0 <= issued AND issued <= stock", name="stock"),
        CheckConstraint("day_stock IS NULL OR day_issued <= day_stock", name="day_stock"),
        CheckConstraint("per_person BETWEEN 1 AND 20", name="per_person"),
        CheckConstraint("claim_from < claim_until AND use_from < use_until AND claim_until <= use_until", name="times"),
        CheckConstraint(
            "state IN ('draft', 'discarded') OR (first_approver IS NOT NULL AND second_approver IS NOT NULL)",
            name="two_people",
        ),
        CheckConstraint(
            "planner <> first_approver AND planner <> second_approver AND first_approver <> second_approver",
            name="other_people",
        ),
        Index("ix_coupon_campaign_state", "state"),
    )

    id: str = Field(primary_key=True)
    title: str
    department: str
    face_fen: int = _number()
    threshold_fen: int = _number()
    currency: str
    stock: int = _number()
    budget_fen: int = _number()
    day_stock: int | None = _number(nullable=True)
    per_person: int = Field(sa_column=Column(SmallInteger, nullable=False))
    resident_regions: list[str] = _words()
    merchant_regions: list[str] = _words()
    merchant_classes: list[str] = _words()
    stack_group: str
    claim_from: dt.datetime = _moment()
    claim_until: dt.datetime = _moment()
    use_from: dt.datetime = _moment()
    use_until: dt.datetime = _moment()
    state: str
    issued: int = _number(default=0)
    day: dt.date | None = Field(default=None, sa_column=Column(Date))
    day_issued: int = _number(default=0)
    planner: str
    first_approver: str | None = None
    second_approver: str | None = None
    created_at: dt.datetime = _moment()


class CampaignActRow(SQLModel, table=True):
    """What somebody, or the clock, did with a campaign. Never changed."""

    __tablename__ = "coupon_act"

    id: str = Field(primary_key=True)
    campaign_id: str = Field(sa_column=Column(ForeignKey("coupon_campaign.id"), nullable=False, index=True))
    act: str
    by: str | None = Field(description="the person; empty for the clock")
    note: str
    at: dt.datetime = _moment()


class CouponRow(SQLModel, table=True):
    """A coupon of a natural person: ``person`` is a keyed hash of the ID number, the same over all their accounts.

    Its ``id`` begins with the key of the ledger's transaction that committed its money.
    """

    __tablename__ = "coupon"
    __table_args__ = (
        Index(
            "ix_coupon_out",
            "campaign_id",
            postgresql_where=text("state IN ('claimed', 'locked', 'released')"),
        ),
        Index(
            "uq_coupon_order_group",
            "order_id",
            "stack_group",
            unique=True,
            postgresql_where=text("state IN ('locked', 'used')"),
        ),
        CheckConstraint("(state IN ('locked', 'used')) = (order_id IS NOT NULL)", name="order"),
    )

    person: uuid.UUID = Field(sa_column=Column(Uuid, primary_key=True))
    campaign_id: str = Field(sa_column=Column(Text, primary_key=True))
    slot: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    id: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    resident_id: str
    region: str = Field(description="where the person is registered, for the report")
    stack_group: str
    state: str
    order_id: str | None = None
    claimed_at: dt.datetime = _moment()
    changed_at: dt.datetime = _moment()


class CouponTallyRow(SQLModel, table=True):
    """How many coupons of a campaign went to a region on a day: written by the claims, so that nobody has to count."""

    __tablename__ = "coupon_tally"
    __table_args__ = (CheckConstraint("issued > 0", name="issued"),)

    campaign_id: str = Field(sa_column=Column(Text, primary_key=True))
    day: dt.date = Field(sa_column=Column(Date, primary_key=True))
    region: str = Field(sa_column=Column(Text, primary_key=True))
    issued: int = _number()


class CouponShareRow(SQLModel, table=True):
    """What a coupon pays of an order in one attempt, when that settled, and how much of it refunds have taken.

    ``kept_fen`` of that went back and is committed again: it waits until the coupon comes back or its time is over.
    """

    __tablename__ = "coupon_share"
    __table_args__ = (
        CheckConstraint("fen > 0", name="amount"),
        CheckConstraint("0 <= returned_fen AND returned_fen <= fen", name="returned"),
        CheckConstraint("0 <= kept_fen AND kept_fen <= returned_fen", name="kept"),
        Index("ix_coupon_share_coupon", "coupon_id"),
        Index("ix_coupon_share_kept", "campaign_id", postgresql_where=text("kept_fen > 0")),
        Index("ix_coupon_share_settled", "campaign_id", "settled_at", postgresql_where=text("settled_at IS NOT NULL")),
    )

    attempt_id: str = Field(sa_column=Column(ForeignKey("payment_attempt.id"), primary_key=True))
    coupon_id: str = Field(sa_column=Column(ForeignKey("coupon.id"), primary_key=True))
    campaign_id: str
    fen: int = _number()
    order_fen: int = _number()
    region: str
    merchant_class: str
    returned_fen: int = _number(default=0)
    kept_fen: int = _number(default=0)
    settled_at: dt.datetime | None = _moment(nullable=True)


class CouponReturnRow(SQLModel, table=True):
    """What a refund gives back of a coupon's share, and where to: see ``redemption.Destination``. Never changed."""

    __tablename__ = "coupon_return"
    __table_args__ = (CheckConstraint("fen > 0", name="amount"),)

    refund_id: str = Field(sa_column=Column(ForeignKey("payment_refund.id"), primary_key=True))
    coupon_id: str = Field(sa_column=Column(ForeignKey("coupon.id"), primary_key=True))
    attempt_id: str
    campaign_id: str
    fen: int = _number()
    destination: str
