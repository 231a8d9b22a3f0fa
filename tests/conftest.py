"""One embedded PostgreSQL for the whole run, shared by all workers; a database of its own for each test."""

import contextlib
import itertools
import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

import yimen_registry
from tests.databases import copied
from tests.ram import quick_place
from tests.town import town as town
from yimen_host.core.database import host_role
from yimen_host.core.embedded import Address, EmbeddedPostgres
from yimen_host.core.schema import migrate

_server: EmbeddedPostgres | None = None
_names = itertools.count(1)
GROUPS = {
    "town": ("tests/journeys/", "tests/attacks/test_", "tests/attacks/browser/"),
    "supervisors": ("tests/attacks/runtime/", "tests/host/runtime/supervisor/"),
    "province": ("tests/host/volume/",),
}
"""Tests that one worker runs all of, by the beginnings of their places."""


def pytest_configure(config: pytest.Config) -> None:
    """Start the server in the controlling process only."""
    global _server
    if hasattr(config, "workerinput") or "YIMEN_TEST_POSTGRES" in os.environ:
        return
    directory = Path(tempfile.mkdtemp(prefix="yimen-test-", dir=quick_place()))
    _server = EmbeddedPostgres(directory, durable=False)
    address = _server.start()
    os.environ["YIMEN_TEST_POSTGRES"] = address.url


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server where it was started."""
    if _server is not None:
        _server.stop()
        _server.remove()


class OneEach(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Hands out tests one by one, but each group to one worker.

    xdist's own ``loadgroup`` writes the group into a test's id, which pytest 9 no longer lets it do.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((group for group, places in GROUPS.items() if nodeid.startswith(places)), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneEach:  # Any: xdist's log
    """Tests of the running host share it, and supervisors share the machine's control groups: one worker for each."""
    return OneEach(config, log)


@pytest.fixture(scope="session")
def owner(worker_id: str) -> Iterator[str]:
    """The role that owns this worker's databases; it may make roles, as an operator's would."""
    name = f"t_{worker_id}_{os.getpid()}"
    with _superuser() as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD 'test'").format(sql.Identifier(name))
        )
        yield name
        made = connection.execute("SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", (name,)).fetchall()
        for (role,) in sorted(made, key=lambda row: -len(row[0])):
            connection.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


@pytest.fixture
def database_url(owner: str) -> Iterator[str]:
    """The SQLAlchemy address of an empty database that this test alone uses."""
    yield from new_database(owner)


@pytest.fixture(scope="session")
def migrated(owner: str) -> Iterator[str]:
    """The name of a migrated database, from which each test's own is copied."""
    for url in new_database(owner):
        migrate(url, others=(partial(yimen_registry.migrate, role=host_role(url)),))
        yield url.split("@/")[1].split("?")[0]


@pytest.fixture
def migrated_url(owner: str, migrated: str) -> Iterator[str]:
    """The address of a migrated database that this test alone uses."""
    yield from new_database(owner, template=migrated)


def new_database(owner: str, *, template: str = "template1") -> Iterator[str]:
    """Make a database, and drop it afterwards."""
    name = f"{owner}_{next(_names)}"
    socket_dir = Path(str(psycopg.conninfo.conninfo_to_dict(_server_url())["host"]))
    try:
        with copied(_server_url(), name, template=template, owner=owner):
            yield Address(socket_dir, owner, "test", name).url
    finally:
        with _superuser() as connection:
            _drop_roles_of_mini_apps(connection, owner)


def _drop_roles_of_mini_apps(connection: psycopg.Connection[tuple[Any, ...]], owner: str) -> None:
    """Roles are the server's: they outlive the database, and the next test would find them."""
    found = connection.execute("SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", (f"{owner}_app_",))
    for (role,) in found.fetchall():
        with contextlib.suppress(psycopg.errors.DependentObjectsStillExist):  # of a database that is still there
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def _superuser() -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(_server_url(), autocommit=True)


def _server_url() -> str:
    return os.environ["YIMEN_TEST_POSTGRES"].replace("+psycopg", "")
