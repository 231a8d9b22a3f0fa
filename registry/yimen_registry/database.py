"""What every table of the registry shares: the schema `registry`, its naming, its column types."""

import datetime as dt
from typing import Any

from sqlalchemy import CursorResult, DateTime, MetaData, Result, TypeDecorator
from sqlmodel import SQLModel

SCHEMA = "registry"

Json = dict[str, Any]  # `Any`: JSON

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(SQLModel):
    """The parent of the registry's tables; it keeps them apart from any other distribution's."""

    metadata = MetaData(schema=SCHEMA, naming_convention=_NAMES)


class Moment(TypeDecorator[dt.datetime]):
    """A column type: a moment in UTC, always aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: dt.datetime | None, dialect: object) -> dt.datetime | None:
        """Give the moment back in UTC, whatever zone the session has."""
        return value.astimezone(dt.UTC) if value else None


def written(result: Result[Any]) -> int:
    """Return how many rows a statement wrote. `Any`: the row type of a write is of no interest."""
    assert isinstance(result, CursorResult)
    return result.rowcount


def one_of(column: str, values: type) -> str:
    """Write the SQL condition that a column holds a member of a string enumeration."""
    listed = ", ".join(f"'{member.value}'" for member in values)  # type: ignore[attr-defined]  # an enum class
    return f"{column} IN ({listed})"
