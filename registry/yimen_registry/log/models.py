"""Tables of the log. The head is one row, locked while an entry is added: the order of the log is one order."""

import datetime as dt

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from yimen_registry.database import Json, Moment, Table


class LogEntryRow(Table, table=True):
    """One act. Written once; a trigger refuses every change."""

    __tablename__ = "log_entry"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: dt.datetime = Field(sa_type=Moment)
    actor: str
    act: str
    thing: str = Field(index=True)
    details: Json = Field(sa_type=JSONB)
    previous: str
    hash: str = Field(unique=True)


class LogHeadRow(Table, table=True):
    """Where the log ends."""

    __tablename__ = "log_head"
    __table_args__ = (CheckConstraint("id = 1", "one_row"),)

    id: int = Field(default=1, primary_key=True)
    number: int
    hash: str
