"""The table of notices."""

import datetime as dt

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from yimen_host.core.database import Moment


class NoticeRow(SQLModel, table=True):
    """One notice in one resident's inbox, in both languages. ``source_id`` makes a repeated event harmless."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_newest", "resident_id", "created_at", "id"),
        Index("ix_notice_unread", "resident_id", postgresql_where=text("read_at IS NULL")),
        Index("ix_notice_read", "read_at", postgresql_where=text("read_at IS NOT NULL")),
    )

    id: str = Field(primary_key=True)
    resident_id: str = Field(foreign_key="resident.id")
    app_id: str | None = None
    source_id: str = Field(unique=True)
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str
    link: str
    created_at: dt.datetime = Field(sa_type=Moment)
    read_at: dt.datetime | None = Field(default=None, sa_type=Moment)
