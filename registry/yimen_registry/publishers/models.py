"""Tables of publishers. A subject is the host's account id; the registry does not know what is behind it."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from yimen_registry.database import Moment, Table, one_of
from yimen_registry.publishers.roles import Role


class PublisherState(StrEnum):
    """Whether a publisher's mini-apps run."""

    ACTIVE = "active"
    """They do."""
    SUSPENDED = "suspended"
    """None of them does, and nothing can be uploaded: the kill switch of one publisher."""


class PublisherRow(Table, table=True):
    """A publisher 开发者: a company, a department, or one person."""

    __tablename__ = "publisher"
    __table_args__ = (CheckConstraint(one_of("state", PublisherState), "state"),)

    id: str = Field(primary_key=True)
    name: str = Field(unique=True)
    title: str
    state: str
    created_at: dt.datetime = Field(sa_type=Moment)


class MemberRow(Table, table=True):
    """Somebody who acts for a publisher."""

    __tablename__ = "publisher_member"
    __table_args__ = (CheckConstraint(one_of("role", Role), "role"),)

    publisher_id: str = Field(primary_key=True, foreign_key="registry.publisher.id")
    subject: str = Field(primary_key=True, index=True)
    role: str
    added_at: dt.datetime = Field(sa_type=Moment)
