"""One embedded PostgreSQL for the whole run, shared by all workers; a database of its own for each test."""

import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from yimen_host.core.embedded import Address, EmbeddedPostgres

_server: EmbeddedPostgres | None = None
_names = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Start the server in the controlling process only."""
    global _server
    if hasattr(config, "workerinput") or "YIMEN_TEST_POSTGRES" in os.environ:
        return
    directory = Path(tempfile.mkdtemp(prefix="yimen-test-"))
    _server = EmbeddedPostgres(directory, durable=False)
    address = _server.start()
    os.environ["YIMEN_TEST_POSTGRES"] = address.url


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server where it was started."""
    if _server is not None:
        _server.stop()
        _server.remove()


@pytest.fixture
def database_url(worker_id: str) -> Iterator[str]:
    """The SQLAlchemy address of an empty database that this test alone uses."""
    yield from new_database(worker_id)


def new_database(worker: str, *, template: str = "template1") -> Iterator[str]:
    """Make a database and its owner, and drop both with every role made for it afterwards."""
    server = os.environ["YIMEN_TEST_POSTGRES"].replace("+psycopg", "")
    name = f"t_{worker}_{os.getpid()}_{next(_names)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD 'test'").format(sql.Identifier(name))
        )
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(name), sql.Identifier(template)
            )
        )
        socket_dir = Path(psycopg.conninfo.conninfo_to_dict(server)["host"] or "")
        try:
            yield Address(socket_dir, name, "test", name).url
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            roles = connection.execute(
                "SELECT rolname FROM pg_roles WHERE rolname LIKE %s OR rolname = %s", (f"{name}\\_%", name)
            ).fetchall()
            for (role,) in sorted(roles, key=lambda row: -len(row[0])):
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
