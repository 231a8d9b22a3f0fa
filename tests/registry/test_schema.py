"""The tables: the history makes what the code expects, and the host's role may do no more than it must."""

from pathlib import Path

import psycopg
import pytest
from alembic import command
from psycopg import sql
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from yimen_registry import Registry, migrate
from yimen_registry.schema import alembic_config
from yimen_registry.testing import Clock, found_town


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        make_url(url).set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
    )


def test_the_history_makes_the_tables_of_the_code(database_url: str) -> None:
    migrate(database_url)
    migrate(database_url)

    command.check(alembic_config(database_url))


@pytest.fixture
def role(database_url: str) -> str:
    """A role without a login, as the host works under, on a migrated database."""
    name = f"{make_url(database_url).database}_worker"
    with connect(database_url) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(name)))
    migrate(database_url, role=name)
    return name


async def test_the_hosts_role_does_all_that_the_registry_does(database_url: str, role: str, tmp_path: Path) -> None:
    engine = create_async_engine(
        make_url(database_url), poolclass=NullPool, connect_args={"options": f"-c role={role}"}
    )
    clock = Clock()
    town = await found_town(Registry(engine, tmp_path, clock), tmp_path, clock)

    await town.live("1.0.0")
    await town.live("1.1.0")
    await town.registry.roll_back("greeting", by="rui", reason="x")
    await town.registry.revoke_token(town.token.id, by="mei")
    await town.registry.suspend_app("greeting", by="rui", reason="x")

    assert await town.states() == {"1.0.0": "live", "1.1.0": "rolled_back"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE registry.log_entry SET actor = 'x'",
        "DELETE FROM registry.log_entry",
        "UPDATE registry.build SET sha256 = 'x'",
        "DELETE FROM registry.build",
        "UPDATE registry.submission SET manifest = '{}'",
        "UPDATE registry.submission SET submitted_by = 'x'",
        "UPDATE registry.submission SET two_people = false",
        "UPDATE registry.release SET tree_digest = 'x'",
        "UPDATE registry.app SET publisher_id = 'x'",
        "DELETE FROM registry.release",
        "UPDATE registry.alembic_version SET version_num = 'x'",
        "DROP TABLE registry.token",
    ],
)
def test_the_hosts_role_cannot_rewrite_what_is_frozen(database_url: str, role: str, statement: str) -> None:
    with connect(database_url) as connection:
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))

        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())
