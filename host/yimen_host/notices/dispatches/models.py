"""The tables of dispatches."""

import datetime as dt

from sqlalchemy import Column, ForeignKey, Index, text
from sqlmodel import Field, SQLModel

from yimen_host.core.database import Moment


class DispatchRow(SQLModel, table=True):
    """One message on one way about alerts of one kind. It takes in what is raised until it is closed, then it goes."""

    __tablename__ = "alert_dispatch"
    __table_args__ = (
        Index("uq_alert_dispatch_open", "way", "kind", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index("ix_alert_dispatch_closed", "way", "kind", "closed_at"),
        Index("ix_alert_dispatch_unsent", "way", "due_at", postgresql_where=text("sent_at IS NULL")),
        Index("ix_alert_dispatch_sent", "sent_at", postgresql_where=text("sent_at IS NOT NULL")),
    )

    id: str = Field(primary_key=True)
    way: str
    kind: str
    due_at: dt.datetime = Field(sa_type=Moment)
    closed_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    sent_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    tries: int = 0
    last_error: str | None = None
    """Why the last try failed."""


class DispatchItemRow(SQLModel, table=True):
    """An alert that a dispatch tells of; each goes into one dispatch of each way."""

    __tablename__ = "alert_dispatch_item"

    way: str = Field(primary_key=True)
    event_id: str = Field(sa_column=Column(ForeignKey("outbox_event.id"), primary_key=True, index=True))
    dispatch_id: str = Field(
        sa_column=Column(ForeignKey("alert_dispatch.id", ondelete="CASCADE"), nullable=False, index=True)
    )
