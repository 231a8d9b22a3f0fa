"""The ledger's tables. The host's role may add to the journal and never change it; see migration 0002.

The journal has no foreign keys: they would cost more than the rest of a posting, and what they would forbid (deleting
an account, an entry without its transaction) the role cannot do and the audit would show.
"""

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    text,
)
from sqlmodel import Field, SQLModel

LANES = 8
"""How many batches may be written at the same moment, by all processes together; each lane is a hash chain."""


class LedgerAccount(SQLModel, table=True):
    """An account and its present state, changed in the commit that writes the entries behind the change."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        CheckConstraint("floor IS NULL OR balance - held >= floor", name="floor"),
        CheckConstraint("held >= 0 AND awaited >= 0", name="holds"),
        {"postgresql_with": {"fillfactor": 70}},  # every posting rewrites the row: leave room beside it
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    code: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    currency: str = Field(sa_column=Column(Text, nullable=False))
    floor: int | None = Field(sa_column=Column(BigInteger))
    balance: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    held: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    awaited: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    seq: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))


class JournalTransaction(SQLModel, table=True):
    """One transaction of the journal. ``resolves_id`` is unique: a hold ends once, a posting is reversed once."""

    __tablename__ = "journal_transaction"
    __table_args__ = (
        Index(
            "uq_journal_transaction_resolves_id",
            "resolves_id",
            unique=True,
            postgresql_where=text("resolves_id IS NOT NULL"),
        ),
        Index("ix_journal_transaction_expiring", "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
    )

    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    key: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    fingerprint: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    about: str = Field(sa_column=Column(Text, nullable=False))
    resolves_id: int | None = Field(sa_column=Column(BigInteger))
    expires_at: dt.datetime | None = Field(sa_column=Column(DateTime(timezone=True)))
    recorded_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class JournalEntry(SQLModel, table=True):
    """One line: what a transaction changed on one account. Its account's lines are numbered without a gap."""

    __tablename__ = "journal_entry"

    account_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    account_seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    transaction_id: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    line: int = Field(sa_column=Column(SmallInteger, nullable=False))
    amount: int = Field(sa_column=Column(BigInteger, nullable=False))
    held: int = Field(sa_column=Column(BigInteger, nullable=False))
    awaited: int = Field(sa_column=Column(BigInteger, nullable=False))
    balance: int = Field(sa_column=Column(BigInteger, nullable=False))


class JournalLane(SQLModel, table=True):
    """The end of one hash chain. A batch takes any lane that no other batch is writing to."""

    __tablename__ = "journal_lane"

    id: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class JournalBatch(SQLModel, table=True):
    """One commit of the journal: how many transactions it holds, and the hash that covers them and all before."""

    __tablename__ = "journal_batch"

    lane: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    first_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    size: int = Field(sa_column=Column(SmallInteger, nullable=False))
    previous: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
