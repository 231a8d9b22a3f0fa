"""Brings a database to the tables this version of the registry needs, by a history of its own."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from yimen_registry.database import SCHEMA

MIGRATIONS = Path(__file__).parent / "migrations"

_MAY_CHANGE = {
    "publisher": "title, state",
    "publisher_member": "role",
    "app": "state",
    "token": "last_used_at, revoked_at",
    "submission": "state, blocked, report, reviewer, first_approver, second_approver, changed_at",
    "release": "state, percent, pilots, served_at, changed_at, yank, yank_reason, yank_asked_by, yank_confirmed_by",
    "log_head": "number, hash",
}
"""The columns that change after a row was written. Whatever is not here is written once."""


def migrate(url: str, *, role: str | None = None) -> None:
    """Migrate the schema `registry`; running it again changes nothing.

    `role` is who the registry will work as: it may write, but not change tables, nor what the log says.
    """
    conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA)))
        command.upgrade(alembic_config(url), "head")
        for grant in _grants() if role else ():
            connection.execute(grant.format(schema=sql.Identifier(SCHEMA), role=sql.Identifier(role or "")))


def _grants() -> Iterator[sql.SQL]:
    yield sql.SQL("GRANT USAGE ON SCHEMA {schema} TO {role}")
    yield sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}")
    yield sql.SQL("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO {role}")
    yield sql.SQL("REVOKE INSERT ON {schema}.alembic_version FROM {role}")
    yield sql.SQL("GRANT DELETE ON {schema}.publisher_member TO {role}")
    for table, columns in _MAY_CHANGE.items():
        yield sql.SQL(f"GRANT UPDATE ({columns}) ON {{schema}}.{table} TO {{role}}")


def alembic_config(url: str) -> Config:
    """Return the configuration that `alembic` needs to work on this history."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    return config
