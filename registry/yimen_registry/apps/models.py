"""Table of mini-apps. A name, and every name that looks like it, belongs to one publisher."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from yimen_registry.database import Moment, Table, one_of


class AppState(StrEnum):
    """Whether a mini-app runs."""

    ACTIVE = "active"
    """It does, when it has a release that serves."""
    SUSPENDED = "suspended"
    """It does not: the kill switch of one mini-app."""
    REMOVED = "removed"
    """It never will again; what it kept is erased, and nobody else gets its name."""


class AppRow(Table, table=True):
    """A mini-app 小程序: the id that is its origin, and the distribution it comes in."""

    __tablename__ = "app"
    __table_args__ = (CheckConstraint(one_of("state", AppState), "state"),)

    id: str = Field(primary_key=True)
    skeleton: str = Field(unique=True)
    distribution: str = Field(unique=True)
    publisher_id: str = Field(foreign_key="registry.publisher.id", index=True)
    state: str
    created_at: dt.datetime = Field(sa_type=Moment)
