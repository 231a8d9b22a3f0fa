"""Table of API tokens. The token itself is nowhere: only its hash."""

import datetime as dt

from sqlmodel import Field

from yimen_registry.database import Moment, Table


class TokenRow(Table, table=True):
    """An API token of a publisher, for all of its mini-apps or for one."""

    __tablename__ = "token"

    id: str = Field(primary_key=True)
    hash: str = Field(unique=True)
    name: str
    publisher_id: str = Field(foreign_key="registry.publisher.id", index=True)
    app_id: str | None = Field(default=None, foreign_key="registry.app.id")
    created_by: str
    created_at: dt.datetime = Field(sa_type=Moment)
    expires_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    last_used_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    revoked_at: dt.datetime | None = Field(default=None, sa_type=Moment)
