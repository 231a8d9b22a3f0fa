"""Tables of orders, attempts, refunds, receipts, notices heard and answers kept. The ledger has its own."""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

UNFINISHED = text("state IN ('created', 'submitted', 'uncertain')")


def _moment(*, nullable: bool = False) -> Any:  # Any: SQLModel types its Field so
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _fen(*, default: int | None = None) -> Any:  # Any: as above
    server = None if default is None else str(default)
    return Field(default=default, sa_column=Column(BigInteger, nullable=False, server_default=server))


class OrderRow(SQLModel, table=True):
    """An order. ``reserved_fen`` is what refunds have taken or are about to take of what was paid."""

    __tablename__ = "payment_order"
    __table_args__ = (
        UniqueConstraint("app_id", "reference", name="uq_payment_order_reference"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("0 <= refunded_fen AND refunded_fen <= reserved_fen", name="refunded"),
        CheckConstraint("reserved_fen <= amount_fen", name="reserved"),
        Index("ix_payment_order_newest", "resident_id", "id"),
        Index("ix_payment_order_of_app", "app_id", "created_at", "id"),
        Index("ix_payment_order_in_state", "app_id", "state", "created_at", "id"),
        Index("ix_payment_order_expiring", "expires_at", postgresql_where=text("state = 'open'")),
        Index("ix_payment_order_closing", "ended_at", postgresql_where=text("state = 'fulfilled'")),
    )

    id: str = Field(primary_key=True)
    app_id: str | None
    payee: str = Field(description="the ledger account that is credited")
    payee_title: str
    payee_publisher: str
    resident_id: str = Field(description="who pays")
    representee_id: str | None = Field(default=None, description="for whom they pay, where it is by a mandate")
    mandate_id: str | None = None
    title: str
    amount_fen: int = _fen()
    currency: str
    reference: str | None
    return_path: str
    split: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")}, description="see splits")
    state: str
    reserved_fen: int = _fen(default=0)
    refunded_fen: int = _fen(default=0)
    created_at: dt.datetime = _moment()
    expires_at: dt.datetime = _moment()
    ended_at: dt.datetime | None = _moment(nullable=True)


class AttemptRow(SQLModel, table=True):
    """One try to pay an order. ``form_key`` is unique: a form sent twice is one attempt."""

    __tablename__ = "payment_attempt"
    __table_args__ = (
        UniqueConstraint("order_id", "form_key", name="uq_payment_attempt_form_key"),
        Index(
            "ix_payment_attempt_asking",
            "ask_at",
            postgresql_where=UNFINISHED,
        ),
        Index(
            "ix_payment_attempt_ended",
            "channel",
            "ended_at",
            postgresql_where=text("state IN ('settled', 'late', 'refunded')"),
        ),
        Index("uq_payment_attempt_unfinished", "order_id", unique=True, postgresql_where=UNFINISHED),
        Index("ix_payment_attempt_late", "order_id", postgresql_where=text("state = 'late'")),
    )

    id: str = Field(primary_key=True)
    order_id: str = Field(sa_column=Column(ForeignKey("payment_order.id"), nullable=False))
    channel: str
    form_key: str
    state: str
    amount_fen: int = _fen()
    currency: str
    channel_ref: str | None = None
    pay_url: str | None = None
    scan: str | None = Field(default=None, description="what the resident is to scan, where the channel shows a code")
    reason: str | None = None
    queries: int = 0
    ask_at: dt.datetime = _moment()
    created_at: dt.datetime = _moment()
    ended_at: dt.datetime | None = _moment(nullable=True)


class RefundRow(SQLModel, table=True):
    """Money going back, of a paid order or of an attempt that came late. ``coupon_fen`` of it goes to campaigns."""

    __tablename__ = "payment_refund"
    __table_args__ = (
        UniqueConstraint("order_id", "key", name="uq_payment_refund_key"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("0 <= coupon_fen AND coupon_fen <= amount_fen", name="coupon"),
        Index("ix_payment_refund_ended", "ended_at", postgresql_where=text("state = 'succeeded'")),
        Index("ix_payment_refund_stuck", "id", postgresql_where=text("state = 'needs_action'")),
        Index("ix_payment_refund_declined", "ended_at", postgresql_where=text("state = 'failed' AND NOT late")),
        Index("ix_payment_refund_asking", "ask_at", postgresql_where=text("state IN ('requested', 'processing')")),
    )

    id: str = Field(primary_key=True)
    order_id: str = Field(sa_column=Column(ForeignKey("payment_order.id"), nullable=False))
    attempt_id: str = Field(sa_column=Column(ForeignKey("payment_attempt.id"), nullable=False))
    key: str
    late: bool = Field(description="gives back late money, so nothing is reserved on the order")
    amount_fen: int = _fen()
    coupon_fen: int = _fen(default=0)
    currency: str
    reason: str
    state: str
    queries: int = 0
    ask_at: dt.datetime = _moment()
    created_at: dt.datetime = _moment()
    ended_at: dt.datetime | None = _moment(nullable=True)


class ReceiptRow(SQLModel, table=True):
    """The number of a receipt, given once, after the money is in the ledger."""

    __tablename__ = "payment_receipt"

    number: str = Field(primary_key=True)
    order_id: str = Field(sa_column=Column(ForeignKey("payment_order.id"), nullable=False, unique=True))
    issued_at: dt.datetime = _moment()


class RedReceiptRow(SQLModel, table=True):
    """The number of a red receipt 红字收据, given once to a refund that succeeded; of the same row of numbers."""

    __tablename__ = "payment_red_receipt"

    number: str = Field(primary_key=True)
    refund_id: str = Field(sa_column=Column(ForeignKey("payment_refund.id"), nullable=False, unique=True))
    issued_at: dt.datetime = _moment()


class OwedReceiptRow(SQLModel, table=True):
    """A receipt, or a red one, that has no number yet: written with the money, gone with the number."""

    __tablename__ = "payment_owed_receipt"

    about: str = Field(primary_key=True, description="the order, or the refund of a red one")
    red: bool


class ReceiptCounterRow(SQLModel, table=True):
    """The last number given on a day."""

    __tablename__ = "payment_receipt_counter"

    day: dt.date = Field(primary_key=True)
    last: int


class ChannelNoticeRow(SQLModel, table=True):
    """One sending of a channel's signed notice. ``acted_at``: we have acted on it, and never do again."""

    __tablename__ = "payment_channel_notice"
    __table_args__ = (
        Index("ix_payment_channel_notice_acted", "acted_at", postgresql_where=text("acted_at IS NOT NULL")),
    )

    channel: str = Field(primary_key=True)
    nonce: str = Field(primary_key=True)
    notice_id: str
    attempt_id: str
    heard_at: dt.datetime = _moment()
    acted_at: dt.datetime | None = _moment(nullable=True)


class IdempotencyRow(SQLModel, table=True):
    """The object that a POST under an Idempotency-Key made or changed; written in the transaction that did it."""

    __tablename__ = "payment_idempotency"
    __table_args__ = (Index("ix_payment_idempotency_created_at", "created_at"),)

    scope: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: str
    answer: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    created_at: dt.datetime = _moment()
