"""Table of builds: wheels that came in and broke no rule. One wheel per version, for ever."""

import datetime as dt

from sqlalchemy import UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from yimen_registry.database import Json, Moment, Table


class BuildRow(Table, table=True):
    """A build: one wheel, its digests, and what it says of itself."""

    __tablename__ = "build"
    __table_args__ = (UniqueConstraint("app_id", "version"),)

    id: str = Field(primary_key=True)
    app_id: str = Field(foreign_key="registry.app.id")
    version: str
    file_name: str = Field(unique=True)
    size: int
    sha256: str
    blake2_256: str
    tree_digest: str
    module: str
    manifest: Json = Field(sa_type=JSONB)
    metadata_text: str
    metadata_sha256: str
    requires_python: str | None = None
    attestations: list[Json] = Field(default_factory=list, sa_type=JSONB)
    token_id: str = Field(foreign_key="registry.token.id")
    uploaded_by: str
    uploaded_at: dt.datetime = Field(sa_type=Moment)
