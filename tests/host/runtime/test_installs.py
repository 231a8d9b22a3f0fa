"""Installing: a schema and a role that reach nothing else, and migrations that are done or not."""

import contextlib
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from yimen_host.core.schema import migrate
from yimen_host.core.services import Services
from yimen_host.runtime import store
from yimen_host.runtime.complaints import MIGRATION_FAILED
from yimen_host.runtime.installs import InstallError, Installs, migrations


@pytest.fixture
def installs(services: Services) -> Installs:
    return Installs(services)


def tree(place: Path, **steps: str) -> Path:
    """A package yimen_x with migrations, by their names without the ending."""
    directory = place / "yimen_x" / "migrations"
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in steps.items():
        (directory / f"{name.removeprefix('m')}.sql").write_text(text)
    return place


def as_app(services: Services, installs: Installs, app_id: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection with what a mini-app is handed."""
    return psycopg.connect(installs.address(app_id, str(services.database.url.query["host"])), autocommit=True)


async def done(services: Services, app_id: str) -> int | None:
    """How many migrations have run."""
    async with services.database.transaction() as session:
        row = await store.installed(session, app_id)
    return row.migration if row else None


async def test_a_mini_app_gets_its_tables_in_its_own_schema(
    services: Services, installs: Installs, tmp_path: Path
) -> None:
    package = tree(tmp_path, m0001_cups="CREATE TABLE cup (n int)", m0002_more="INSERT INTO cup VALUES (3)")
    await installs.install("x", package, "yimen_x", version="1.0.0")

    with as_app(services, installs, "x") as connection:
        found = connection.execute("SELECT n, current_schema() = current_user FROM cup").fetchall()

    assert (found, await done(services, "x")) == ([(3, True)], 2)


async def test_installing_again_runs_only_what_is_new(services: Services, installs: Installs, tmp_path: Path) -> None:
    await installs.install("x", tree(tmp_path, m0001_cups="CREATE TABLE cup (n int)"), "yimen_x", version="1.0.0")

    for _ in range(2):
        await installs.install("x", tree(tmp_path, m0002_more="INSERT INTO cup VALUES (3)"), "yimen_x", version="1.0.0")

    with as_app(services, installs, "x") as connection:
        assert connection.execute("SELECT n FROM cup").fetchall() == [(3,)]


async def test_a_migration_that_fails_is_undone_and_named(
    services: Services, installs: Installs, tmp_path: Path
) -> None:
    package = tree(
        tmp_path,
        m0001_cups="CREATE TABLE cup (n int)",
        m0002_wrong="CREATE TABLE half (n int); INSERT INTO nowhere VALUES (1)",
    )

    with pytest.raises(
        InstallError, match=r'x: migration 0002_wrong\.sql failed: relation "nowhere" does not exist'
    ) as caught:
        await installs.install("x", package, "yimen_x", version="1.0.0")

    error = 'relation "nowhere" does not exist'
    assert caught.value.why == MIGRATION_FAILED.said(app="x", step="0002_wrong.sql", error=error)
    with as_app(services, installs, "x") as connection:
        tables = connection.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname IN ('cup', 'half')")
        assert (tables.fetchall(), await done(services, "x")) == ([("cup",)], 1)
    await installs.install("x", tree(tmp_path, m0002_wrong="SELECT 1"), "yimen_x", version="1.0.0")
    assert await done(services, "x") == 2


async def test_another_mini_apps_data_cannot_be_reached(services: Services, installs: Installs, tmp_path: Path) -> None:
    migrate(services.settings.database_url or "")  # rights on the database itself are not copied from a template
    for app_id in ("x", "y"):
        await installs.install(
            app_id, tree(tmp_path, m0001_cups="CREATE TABLE cup (n int)"), "yimen_x", version="1.0.0"
        )
    owner = make_url(services.settings.database_url or "").username
    attempts = [
        f"SELECT * FROM {owner}_app_y.cup",
        f"SET ROLE {owner}_app_y",
        f"SET ROLE {owner}_host",
        f"CREATE TABLE {owner}_app_y.mine (n int)",
        "SELECT * FROM yimen.resident",
        "CREATE TABLE public.mine (n int)",
        "CREATE TEMPORARY TABLE mine (n int)",
        "CREATE SCHEMA mine",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT rolpassword FROM pg_authid",
    ]

    succeeded = []
    with as_app(services, installs, "x") as connection:
        for attempt in attempts:
            with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
                connection.execute(attempt.encode())
                succeeded.append(attempt)

    assert succeeded == []


async def test_a_statement_that_takes_too_long_is_ended(services: Services, installs: Installs, tmp_path: Path) -> None:
    await installs.install("x", tree(tmp_path), "yimen_x", version="1.0.0")

    with as_app(services, installs, "x") as connection:
        limits = [connection.execute(f"SHOW {name}".encode()).fetchone() for name in (
            "statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout",
        )]  # fmt: skip

    assert limits == [("5s",), ("30s",), ("5s",)]


async def test_two_mini_apps_have_two_passwords(services: Services, installs: Installs, tmp_path: Path) -> None:
    for app_id in ("x", "y"):
        await installs.install(app_id, tree(tmp_path), "yimen_x", version="1.0.0")
    address = make_url(installs.address("x", str(services.database.url.query["host"])))

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(
            address.set(username=f"{services.database.url.username}_app_y").render_as_string(hide_password=False)
        )


@pytest.mark.parametrize("names", [["0002_b"], ["0001_a", "0003_c"], ["0001_a", "0001_b"]])
def test_migrations_are_numbered_without_gaps(tmp_path: Path, names: list[str]) -> None:
    package = tree(tmp_path, **{f"m{name}": "SELECT 1" for name in names})

    with pytest.raises(InstallError, match="must be numbered 0001, 0002, … without gaps"):
        migrations(package, "yimen_x")


async def test_nothing_is_taken_away_from_a_release_that_serves(
    services: Services, installs: Installs, tmp_path: Path
) -> None:
    await installs.install(
        "x", tree(tmp_path, m0001_cups="CREATE TABLE cup (n int, old int)"), "yimen_x", version="1.0.0"
    )
    package = tree(tmp_path, m0002_fewer="-- unused since 2.0.0\nALTER TABLE cup DROP COLUMN old")

    with pytest.raises(InstallError, match=r"takes away what 1\.0\.0 still uses"):
        await installs.install("x", package, "yimen_x", version="1.0.0", others=["1.0.0"])
    before = await done(services, "x")
    await installs.install("x", package, "yimen_x", version="2.1.0", others=["2.0.0"])

    assert (before, await done(services, "x")) == (1, 2)


async def test_a_version_that_needs_what_is_gone_is_not_installed_again(
    services: Services, installs: Installs, tmp_path: Path
) -> None:
    cups, fewer = "CREATE TABLE cup (n int, old int, odd int)", "ALTER TABLE cup DROP COLUMN old"
    first = tree(tmp_path / "1", m0001_cups=cups)
    marked = tree(tmp_path / "2", m0001_cups=cups, m0002_fewer=f"-- unused since 1.5.0\n{fewer}")
    unmarked = tree(tmp_path / "3", m0001_cups=cups, m0002_fewer="SELECT 1", m0003_odd="ALTER TABLE cup DROP odd")
    for version, package in (("1.0.0", first), ("2.0.0", marked), ("3.0.0", unmarked)):
        await installs.install("x", package, "yimen_x", version=version)

    told = [await installs.unfit("x", version, steps) for version, steps in (("1.4.0", 1), ("1.5.0", 1), ("2.0.0", 2))]
    with pytest.raises(InstallError, match=r"x 1\.0\.0 cannot serve any more: migration 0002_fewer\.sql took away"):
        await installs.install("x", first, "yimen_x", version="1.0.0")

    assert told == [
        "x 1.4.0 cannot serve any more: migration 0002_fewer.sql took away what versions before 1.5.0 use. "
        "Go to 1.5.0 or later, or release a version that does without it",
        *[
            f"x {version} cannot serve any more: migration 0003_odd.sql took away what versions before 3.0.0 use. "
            "Go to 3.0.0 or later, or release a version that does without it"
            for version in ("1.5.0", "2.0.0")
        ],
    ]
    assert await installs.unfit("x", "2.9.0", 3) == ""  # it knows of all that ran
