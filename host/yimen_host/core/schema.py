"""Brings a database to the tables this version needs: roles, schema, job tables, then Alembic's history."""

import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from procrastinate.schema import SchemaManager
from psycopg import sql
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from yimen_host.core.database import SCHEMA, host_role, normalized

MIGRATIONS = Path(__file__).parent.parent / "migrations"
_LOCK = 0x59494D454E  # "YIMEN": two hosts that start together migrate one after the other
_ASK_AGAIN_SECONDS = 0.2

Migration = Callable[[str], None]


def migrate(url: str, *, others: tuple[Migration, ...] = ()) -> None:
    """Migrate the host's schema, then what ``others`` own. Running it again changes nothing.

    Raises psycopg.errors.InsufficientPrivilege when the role in ``url`` may not create roles.
    """
    conninfo = _conninfo(url)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        _one_at_a_time(connection)
        _make_role_and_schema(connection, host_role(url))
        _make_job_tables(connection)
        command.upgrade(alembic_config(url), "head")
        for other in others:
            other(url)


def alembic_config(url: str) -> Config:
    """The configuration that ``alembic`` needs to work on this history."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = create_engine(
        normalized(url), connect_args={"options": f"-c search_path={SCHEMA}"}, poolclass=NullPool
    )
    return config


def _one_at_a_time(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Wait for whoever else migrates, by asking again: PostgreSQL builds an index beside others' work only once every
    statement that ran before has ended, and one that waits for a lock would never end."""
    while connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone() != (True,):
        time.sleep(_ASK_AGAIN_SECONDS)


def _make_role_and_schema(connection: psycopg.Connection[tuple[object, ...]], role: str) -> None:
    name, schema = sql.Identifier(role), sql.Identifier(SCHEMA)
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    if known is None:
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(name))
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
    connection.execute(sql.SQL("SET search_path TO {}").format(schema))
    for statement in (
        "GRANT USAGE ON SCHEMA {schema} TO {role}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE, SELECT ON SEQUENCES TO {role}",
    ):
        connection.execute(sql.SQL(statement).format(schema=schema, role=name))
    database = connection.info.dbname
    connection.execute(sql.SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
    # Reconciliation lays two sides of a day beside each other; mini-apps' roles get no such place.
    connection.execute(sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(sql.Identifier(database), name))


def _make_job_tables(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    there = connection.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.procrastinate_jobs",)).fetchone()
    if there == (None,):
        connection.execute(SchemaManager.get_schema().encode())


def _conninfo(url: str) -> str:
    return normalized(url).set(drivername="postgresql").render_as_string(hide_password=False)
