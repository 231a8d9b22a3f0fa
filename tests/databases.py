"""A database as a copy of another: what was migrated once need not be migrated again."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql


@contextmanager
def copied(server: str, name: str, *, template: str, owner: str) -> Iterator[None]:
    """Copy a database on the server of a superuser's address, and drop the copy afterwards, whoever is connected."""
    with psycopg.connect(server, autocommit=True) as connection:
        copy, original, theirs = sql.Identifier(name), sql.Identifier(template), sql.Identifier(owner)
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(copy, theirs, original))
        try:
            yield
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(copy))
