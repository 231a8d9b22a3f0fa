"""Watches what statements read: every row and every entry of an index that PostgreSQL handed to them, by relation."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, event

from yimen_host.core.database import Database

MOST = 250
"""Rows that one statement may read, of tables with a hundred times as many and more."""
UNTIL_PLANNED_FOR_GOOD = 12
"""Times that a statement runs before the driver has prepared it and PostgreSQL may decide to plan it no more."""
_COUNTED = """
SELECT c.relname, pg_stat_get_xact_tuples_returned(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('yimen', 'registry') AND c.relkind IN ('r', 'i') AND pg_stat_get_xact_tuples_returned(c.oid) > 0
"""
"""Of a table what sequential scans returned, of an index the entries that its scans returned; of this backend."""


@dataclass
class Watched:
    """What was read, by statement and relation. The same statement again is added up."""

    by_statement: dict[str, Counter[str]] = field(default_factory=dict)
    runs: Counter[str] = field(default_factory=Counter)

    def over(self, most: int) -> dict[str, dict[str, int]]:
        """The statements that read more than so many rows, in one run on average."""
        return {
            statement: dict(read)
            for statement, read in self.by_statement.items()
            if read.total() > most * self.runs[statement]
        }


@contextmanager
def watching(database: Database) -> Iterator[Watched]:
    """Watch what is sent over a pool. Postings go over connections of their own, which never scan a table."""
    engine, watched = database.engine.sync_engine, Watched()
    before: dict[int, dict[str, int]] = {}  # by cursor: several connections may be at work

    def begin(connection: Connection, cursor: Any, *_: Any) -> None:
        before[id(cursor)] = _counted(connection)

    def end(connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
        read = Counter(_counted(connection))
        read.subtract(before.pop(id(cursor)))
        watched.runs[statement] += 1
        watched.by_statement.setdefault(statement, Counter()).update(+read)

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    try:
        yield watched
    finally:
        event.remove(engine, "before_cursor_execute", begin)
        event.remove(engine, "after_cursor_execute", end)


def _counted(connection: Connection) -> dict[str, int]:
    cursor = connection.connection.cursor()
    cursor.execute(_COUNTED)
    rows = dict(cursor.fetchall())
    cursor.close()
    return rows
