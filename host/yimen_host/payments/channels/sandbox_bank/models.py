"""The pretend bank's own books: what it was asked to collect and to give back. Nothing of the host reads them."""

import datetime as dt

from sqlalchemy import BigInteger, Column, DateTime
from sqlmodel import Field, SQLModel


class BankPaymentRow(SQLModel, table=True):
    """A payment the bank was asked to collect. ``silent_until``: until then the bank answers no question."""

    __tablename__ = "sandbox_bank_payment"

    id: str = Field(primary_key=True)
    merchant_ref: str = Field(unique=True)
    title: str
    payee: str
    amount_fen: int = Field(sa_column=Column(BigInteger, nullable=False))
    currency: str
    state: str
    return_url: str
    created_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    ended_at: dt.datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    silent_until: dt.datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class BankRefundRow(SQLModel, table=True):
    """A refund the bank was asked for."""

    __tablename__ = "sandbox_bank_refund"

    merchant_ref: str = Field(primary_key=True)
    payment_id: str = Field(index=True)
    amount_fen: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: str
    at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class BankPayoutRow(SQLModel, table=True):
    """A payment the bank was asked to make."""

    __tablename__ = "sandbox_bank_payout"

    ref: str = Field(primary_key=True)
    name: str
    account_tail: str
    amount_fen: int = Field(sa_column=Column(BigInteger, nullable=False))
    currency: str
    state: str
    at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
