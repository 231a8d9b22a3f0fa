"""Tables of merchants: who they are with their terms, and the fees that were agreed with them."""

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Identity, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from yimen_host.core.database import Moment


class MerchantRow(SQLModel, table=True):
    """A merchant of a mini-app: its own or a sub-merchant 二级商户.

    Beyond its application no state is without a reviewer, who is somebody else.
    """

    __tablename__ = "merchant"
    __table_args__ = (
        CheckConstraint("state = 'applied' OR (reviewer IS NOT NULL AND reviewer <> applicant)", name="reviewer"),
        CheckConstraint("id = app_id || CASE code WHEN 'self' THEN '' ELSE '_' || code END", name="id"),
        CheckConstraint("state <> 'approved' OR (kind <> '' AND cardinality(regions) > 0)", name="served"),
        CheckConstraint("reserve_bp BETWEEN 0 AND 5000", name="rates"),
        CheckConstraint("reserve_days BETWEEN 1 AND 365 AND settle_days BETWEEN 1 AND 30", name="days"),
    )

    id: str = Field(primary_key=True)
    app_id: str = Field(index=True)
    code: str
    legal_name: str
    credit_code: str
    bank: str
    account_sealed: str = Field(description="the payout account, bound to the app")
    account_tail: str = Field(description="its last four digits, for pages")
    state: str
    applicant: str
    reviewer: str | None = None
    kind: str = Field(default="", description="its class, set by its reviewer; campaigns go by it")
    regions: list[str] = Field(default=[], sa_column=Column(ARRAY(Text), nullable=False), description="where it serves")
    reserve_bp: int = 0
    reserve_days: int = 30
    settle_days: int = 1
    approved_at: dt.datetime | None = Field(default=None, sa_type=Moment, description="the first time")
    changed_at: dt.datetime = Field(sa_type=Moment)


class MerchantFeeRow(SQLModel, table=True):
    """A fee that counts from a day on, of all channels or one. Never changed: a newer row of the same day counts."""

    __tablename__ = "merchant_fee"
    __table_args__ = (
        CheckConstraint("fee_bp BETWEEN 0 AND 2000", name="rate"),
        CheckConstraint("least_fen >= 0 AND (most_fen IS NULL OR most_fen >= least_fen)", name="bounds"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    merchant_id: str = Field(sa_column=Column(ForeignKey("merchant.id"), nullable=False, index=True))
    channel: str = Field(description="empty: every channel that has none of its own")
    from_day: dt.date
    fee_bp: int
    least_fen: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    most_fen: int | None = Field(default=None, sa_column=Column(BigInteger))
    agreed_by: str | None
    agreed_at: dt.datetime = Field(sa_type=Moment)
