"""A mini-app that is stopped, and what it prepared so that others write for it."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psycopg
import pytest
from tests.host.runtime.acting import Connection, connected, cups, refusal, release

from yimen_host.core.services import Services
from yimen_host.runtime import roles, stops
from yimen_host.runtime.installs import Installs
from yimen_host.runtime.quotas import Quota

FUNCTION = """
CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN EXECUTE format('INSERT INTO %I.cup VALUES (1)', current_user); RETURN NULL; END $$"""
"""Writes into the table of whose rights it has."""


@pytest.fixture
async def installs(services: Services, tmp_path: Path) -> AsyncIterator[Installs]:
    """Mini-apps x and y, which keep cups. Their roles are the server's, and would outlive the test's database."""
    made = Installs(services)
    for app_id in ("x", "y"):
        release(tmp_path, app_id, "CREATE TABLE cup (tea text)")
        await made.install(app_id, tmp_path, f"yimen_{app_id}", version="1.0.0")
    yield made
    for app_id in ("x", "y"):
        await made.uninstall(app_id)


@pytest.fixture
async def link(services: Services) -> AsyncIterator[Connection]:
    """The owner's connection."""
    async with await psycopg.AsyncConnection.connect(roles.conninfo(services.database.url), autocommit=True) as opened:
        await opened.execute("SET lock_timeout = 50")
        yield opened


async def by_a_grant(x: Connection, y: Connection, installs: Installs) -> str:
    """Another may write into its table, through a view, where no schema is looked at; return how that is set off."""
    place, other = installs.place("x"), installs.place("y")
    await execute(x, f"GRANT USAGE ON SCHEMA {place} TO {other}", f"GRANT INSERT ON cup TO {other}")
    await execute(y, f"CREATE VIEW theirs AS SELECT * FROM {place}.cup")
    return "INSERT INTO theirs VALUES ('one')"


async def by_a_grant_to_all(x: Connection, y: Connection, installs: Installs) -> str:
    """Everybody may."""
    place = installs.place("x")
    await execute(x, f"GRANT USAGE ON SCHEMA {place} TO PUBLIC", "GRANT INSERT ON cup TO PUBLIC")
    await execute(y, f"CREATE VIEW theirs AS SELECT * FROM {place}.cup")
    return "INSERT INTO theirs VALUES ('one')"


async def by_a_trigger(x: Connection, y: Connection, installs: Installs) -> str:
    """A trigger of another's calls a function that runs with x's rights."""
    place = installs.place("x")
    await execute(x, f"{FUNCTION} SECURITY DEFINER", f"GRANT USAGE ON SCHEMA {place} TO PUBLIC")
    await execute(y, f"CREATE TRIGGER t AFTER INSERT ON cup EXECUTE FUNCTION {place}.more()")
    return "INSERT INTO cup VALUES ('mine')"


async def by_a_cascade(x: Connection, y: Connection, installs: Installs) -> str:
    """A table of x's follows one of another's, and has a rule: cascades run with the rights of its owner."""
    other = installs.place("y")
    await execute(y, "CREATE TABLE k (id int PRIMARY KEY)", "INSERT INTO k VALUES (1)")
    await execute(y, f"GRANT USAGE ON SCHEMA {other} TO PUBLIC", "GRANT REFERENCES, SELECT ON k TO PUBLIC")
    await execute(x, f"CREATE TABLE r (id int REFERENCES {other}.k ON UPDATE CASCADE)", "INSERT INTO r VALUES (1)")
    await execute(x, "CREATE RULE more AS ON UPDATE TO r DO ALSO INSERT INTO cup VALUES ('more')")
    return "UPDATE k SET id = id + 1"


async def by_an_index(x: Connection, y: Connection, installs: Installs) -> str:
    """The function of an index is called when autovacuum looks at its table, whoever is connected."""
    place = installs.place("x")
    await execute(
        x,
        "CREATE TABLE i (n int)", "INSERT INTO i VALUES (1)",
        "CREATE FUNCTION f(n int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT n'", "CREATE INDEX i_f ON i (f(n))",
        f"CREATE FUNCTION w() RETURNS int LANGUAGE sql AS 'INSERT INTO {place}.cup VALUES (1) RETURNING 1'",
        "CREATE OR REPLACE FUNCTION f(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql "
        f"AS 'BEGIN RETURN {place}.w(); END'",
    )  # fmt: skip
    return f"ANALYZE {place}.i"


Prepare = Callable[[Connection, Connection, Installs], Awaitable[str]]


@pytest.mark.parametrize("prepare", [by_a_grant, by_a_grant_to_all, by_a_trigger, by_a_cascade, by_an_index])
async def test_nobody_writes_for_one_that_is_stopped(
    services: Services, installs: Installs, link: Connection, prepare: Prepare
) -> None:
    async with connected(services) as x, connected(services, "y") as y:
        attack = await prepare(x, y, installs)
        by = link if attack.startswith("ANALYZE") else y
        await execute(by, attack)
        before = await cups(link, installs)

        await stops.stop(link, installs.place("x"))
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
            await execute(by, attack)

    assert (before, await cups(link, installs)) == (1, 1)


async def test_its_functions_work_again_when_it_goes_on(
    services: Services, installs: Installs, link: Connection
) -> None:
    place = installs.place("x")
    async with connected(services) as connection:
        await execute(connection, FUNCTION, "CREATE TABLE pot (n int)")
        await execute(connection, "CREATE TRIGGER t AFTER INSERT ON pot EXECUTE FUNCTION more()")
    await stops.stop(link, place)
    kept_out = await refusal(services)
    await stops.let_on(link, place, Quota())

    async with connected(services) as connection:
        await execute(connection, "INSERT INTO pot VALUES (1)")

    assert kept_out == f'too many connections for role "{place}"'
    assert await cups(link, installs) == 1


async def execute(connection: Connection, *statements: str) -> None:
    """Execute one after the other."""
    for statement in statements:
        await connection.execute(statement.encode())
