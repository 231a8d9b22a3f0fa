"""Tables of the runtime: what is installed here, launch tickets, and the sessions of mini-apps."""

import datetime as dt

from sqlmodel import Field, SQLModel

from yimen_host.core.database import Moment


class InstalledAppRow(SQLModel, table=True):
    """A mini-app that has a schema and a role, and how far its migrations have run."""

    __tablename__ = "installed_app"

    app_id: str = Field(primary_key=True)
    migration: int = 0
    installed_at: dt.datetime = Field(sa_type=Moment)


class ContractionRow(SQLModel, table=True):
    """A migration that ran and took something away: versions before ``since`` that do not have it cannot serve."""

    __tablename__ = "app_contraction"

    app_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    name: str
    since: str
    ran_at: dt.datetime = Field(sa_type=Moment)


class LaunchTicketRow(SQLModel, table=True):
    """A ticket by which the portal hands a resident over to a mini-app's origin: once, within seconds."""

    __tablename__ = "launch_ticket"

    secret_hash: str = Field(primary_key=True)
    app_id: str
    resident_id: str
    session_id: str = Field(foreign_key="session.id", ondelete="CASCADE", index=True)
    mandate_id: str | None = None
    expires_at: dt.datetime = Field(sa_type=Moment, index=True)
    used_at: dt.datetime | None = Field(default=None, sa_type=Moment)


class AppSessionRow(SQLModel, table=True):
    """A resident's session at one mini-app's origin; it lives at most as long as the portal session it came from."""

    __tablename__ = "app_session"

    secret_hash: str = Field(primary_key=True)
    app_id: str = Field(index=True)
    resident_id: str
    session_id: str = Field(foreign_key="session.id", ondelete="CASCADE", index=True)
    mandate_id: str | None = Field(default=None, description="they act for somebody else, by this mandate")
    version: str
    told: str = ""
    locale: str
    look: str
    created_at: dt.datetime = Field(sa_type=Moment)
    expires_at: dt.datetime = Field(sa_type=Moment, index=True)


class SubjectRow(SQLModel, table=True):
    """The pairwise name under which a mini-app knows a resident, so that it can name them later."""

    __tablename__ = "app_subject"

    sub: str = Field(primary_key=True)
    app_id: str = Field(index=True)
    resident_id: str = Field(index=True, foreign_key="resident.id")
