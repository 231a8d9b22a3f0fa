"""Tables of identity. Only ``store`` touches them; names, numbers and phones are sealed and found by keyed hash."""

import datetime as dt

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from yimen_host.core.database import Moment


class ResidentRow(SQLModel, table=True):
    """An account. ``person_hash`` is unique: one natural person has one verified account."""

    __tablename__ = "resident"
    __table_args__ = (
        CheckConstraint("assurance BETWEEN 0 AND 3", "assurance_range"),
        CheckConstraint("(assurance = 0) = (person_hash IS NULL)", "verified_has_person"),
    )

    id: str = Field(primary_key=True)
    phone_hash: str = Field(unique=True)
    phone_sealed: str
    person_hash: str | None = Field(default=None, unique=True)
    name_sealed: str | None = None
    id_number_sealed: str | None = None
    region: str | None = None
    assurance: int = 0
    verified_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    created_at: dt.datetime = Field(sa_type=Moment)


class RoleRow(SQLModel, table=True):
    """A duty on the platform: reviewer or admin."""

    __tablename__ = "resident_role"

    resident_id: str = Field(primary_key=True, foreign_key="resident.id")
    role: str = Field(primary_key=True)


class PasswordRow(SQLModel, table=True):
    """A password (Argon2id) of one kind: ``sign_in`` or ``payment``; locked for a while after wrong tries."""

    __tablename__ = "resident_password"

    resident_id: str = Field(primary_key=True, foreign_key="resident.id")
    kind: str = Field(primary_key=True)
    hash: str
    failures: int = 0
    locked_until: dt.datetime | None = Field(default=None, sa_type=Moment)
    changed_at: dt.datetime = Field(sa_type=Moment)


class CodeRow(SQLModel, table=True):
    """A one-time code sent to a phone. ``used_at`` is set by one conditional write."""

    __tablename__ = "one_time_code"
    __table_args__ = (Index("ix_one_time_code_newest", "phone_hash", "created_at"),)

    id: str = Field(primary_key=True)
    phone_hash: str
    phone_sealed: str
    purpose: str
    code_hash: str
    tries: int = 0
    created_at: dt.datetime = Field(sa_type=Moment)
    expires_at: dt.datetime = Field(sa_type=Moment, index=True)
    used_at: dt.datetime | None = Field(default=None, sa_type=Moment)


class SessionRow(SQLModel, table=True):
    """A signed-in browser, known by the hash of its cookie."""

    __tablename__ = "session"
    __table_args__ = (
        Index("ix_session_living", "resident_id", "expires_at", postgresql_where=text("ended_at IS NULL")),
    )

    id: str = Field(primary_key=True)
    secret_hash: str = Field(unique=True)
    resident_id: str = Field(foreign_key="resident.id")
    browser: str
    created_at: dt.datetime = Field(sa_type=Moment)
    seen_at: dt.datetime = Field(sa_type=Moment)
    expires_at: dt.datetime = Field(sa_type=Moment, index=True)
    ended_at: dt.datetime | None = Field(default=None, sa_type=Moment)


class ConsentRow(SQLModel, table=True):
    """What a resident decided about one scope of one mini-app; the latest decision counts."""

    __tablename__ = "consent"

    resident_id: str = Field(primary_key=True, foreign_key="resident.id")
    app_id: str = Field(primary_key=True)
    scope: str = Field(primary_key=True)
    granted: bool
    reason: str
    decided_at: dt.datetime = Field(sa_type=Moment)


class DataAccessRow(SQLModel, table=True):
    """Somebody read a resident's personal data; the resident sees every row. Never changed."""

    __tablename__ = "data_access"
    __table_args__ = (Index("ix_data_access_newest", "resident_id", "id"),)

    id: str = Field(primary_key=True)
    resident_id: str = Field(foreign_key="resident.id")
    app_id: str
    fields: str
    purpose: str
    at: dt.datetime = Field(sa_type=Moment)


class SandboxMessageRow(SQLModel, table=True):
    """A text message that the sandbox sender 'sent': shown on the development inbox page."""

    __tablename__ = "sandbox_message"

    id: str = Field(primary_key=True)
    phone: str
    text: str
    sent_at: dt.datetime = Field(sa_type=Moment)
