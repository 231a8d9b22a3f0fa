"""Reads what a history left behind, and lets time pass in it: on a connection that no power cut ends."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg.rows import namedtuple_row

from yimen_host.core.database import SCHEMA

APP_SCHEMA = "utilities"  # of the mini-app of the power bills


class Reader:
    """A look at a database between two steps: it waits for nothing, since nothing else happens then."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(
            url.replace("+psycopg", ""),
            autocommit=True,
            row_factory=namedtuple_row,
            options=f"-c search_path={SCHEMA},{APP_SCHEMA}",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def rows(self, query: str, values: Mapping[str, object]) -> list[Any]:  # Any: rows differ
        """All rows of a query, whose parameters are written ``%(name)s``; none where it only changes some."""
        found = self._connection.execute(query.encode(), values)
        return found.fetchall() if found.description else []
