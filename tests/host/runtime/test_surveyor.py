"""Mini-apps that fill the database, what they try in order to go on, and what stops them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from tests.host.raised import raised
from tests.host.runtime.acting import Connection, connected, refusal, release

from yimen_host.core.services import Services
from yimen_host.runtime import footprint, roles
from yimen_host.runtime.installs import Installs
from yimen_host.runtime.quotas import Quota
from yimen_host.runtime.surveyor import Kept, Surveyor

MIB = 1024 * 1024
PIECE = "INSERT INTO cup SELECT repeat(md5(n::text), 30) FROM generate_series(1, 1000) n"
"""About a MiB."""
MOST_PIECES = 12


class Limits:
    """The operator's file."""

    def __init__(self) -> None:
        self.quota = Quota(database_mib=3, connections=4)

    def of(self, app_id: str) -> Quota:
        """The same for everybody."""
        return self.quota


@pytest.fixture
def limits() -> Limits:
    """3 MiB at first."""
    return Limits()


@pytest.fixture
async def installs(services: Services, limits: Limits, tmp_path: Path) -> AsyncIterator[Installs]:
    """Mini-apps x and y, which keep cups. Their roles are the server's, and would outlive the test's database."""
    made = Installs(services, limits.of)
    for app_id in ("x", "y"):
        release(tmp_path, app_id, "CREATE TABLE cup (tea text)")
        await made.install(app_id, tmp_path, f"yimen_{app_id}", version="1.0.0")
    yield made
    for app_id in ("x", "y"):
        await made.uninstall(app_id)


@pytest.fixture
def surveyor(services: Services, limits: Limits) -> Surveyor:
    """One that looks when it is told to."""
    return Surveyor(services, limits.of)


@pytest.fixture
async def link(services: Services) -> AsyncIterator[Connection]:
    """The surveyor's own connection."""
    async with await psycopg.AsyncConnection.connect(roles.conninfo(services.database.url), autocommit=True) as opened:
        yield opened


async def fill(services: Services, pieces: int) -> None:
    """Keep about so many MiB."""
    async with connected(services) as connection:
        for _ in range(pieces):
            await connection.execute(PIECE)


async def fill_on_and_on(services: Services) -> str:
    """Fill from one of several sessions, each opened again when it was ended."""
    refused = 0
    for _ in range(MOST_PIECES):
        try:
            await fill(services, 1)
        except psycopg.OperationalError:
            refused += 1
    return "refused" if refused else "went on"


async def size(link: Connection, installs: Installs, app_id: str = "x") -> int:
    """What a mini-app keeps."""
    return (await footprint.sizes(link, [installs.place(app_id)]))[installs.place(app_id)]


async def stopped(services: Services, surveyor: Surveyor, link: Connection) -> None:
    """Let x be over, and be seen."""
    await fill(services, 4)
    await surveyor.look(link)
    assert surveyor.kept["x"].is_stopped


async def test_who_fills_grows_without_end_where_nobody_looks(
    services: Services, installs: Installs, link: Connection
) -> None:
    endings = await asyncio.gather(*(fill_on_and_on(services) for _ in range(3)))

    assert endings == ["went on"] * 3
    assert await size(link, installs) > 30 * MIB


async def test_who_fills_from_many_sessions_is_stopped(
    services: Services, installs: Installs, surveyor: Surveyor, link: Connection
) -> None:
    filling = asyncio.gather(*(fill_on_and_on(services) for _ in range(3)))
    while not surveyor.kept or not surveyor.kept["x"].is_stopped:
        await surveyor.look(link)
    at_its_stop = await size(link, installs)

    assert await filling == ["refused"] * 3
    assert await size(link, installs) == at_its_stop < 30 * MIB
    assert await refusal(services) == f'too many connections for role "{installs.place("x")}"'


async def test_it_stays_stopped_as_long_as_it_is_over(
    services: Services, installs: Installs, surveyor: Surveyor, link: Connection
) -> None:
    await stopped(services, surveyor, link)
    refusals = set()
    for _ in range(3):
        await surveyor.look(link)
        refusals.add(await refusal(services))

    assert refusals == {f'too many connections for role "{installs.place("x")}"'}


async def test_publisher_and_admins_are_told_once_a_day(
    services: Services, installs: Installs, surveyor: Surveyor, link: Connection, limits: Limits
) -> None:
    await fill(services, 3)
    limits.quota = Quota(database_mib=-(-await size(link, installs) // MIB))
    for _ in range(2):
        await surveyor.look(link)
    before = await raised(services.database)
    await fill(services, 1)
    for _ in range(2):
        await surveyor.look(link)

    assert before == [("database_nearly_full", "x:2026-11-21")]
    assert sorted(await raised(services.database)) == [("database_full", "x:2026-11-21"), *before]


async def test_a_higher_quota_lets_it_go_on(
    services: Services, installs: Installs, surveyor: Surveyor, link: Connection, limits: Limits
) -> None:
    await stopped(services, surveyor, link)
    await installs.limit(["x"])
    kept_out = await refusal(services)

    limits.quota = Quota(database_mib=100)
    await surveyor.look(link)

    assert kept_out.startswith("too many connections")
    assert await refusal(services) == ""
    assert surveyor.kept["x"] == Kept(await size(link, installs), 100 * MIB, is_stopped=False)


async def test_a_migration_that_clears_out_lets_it_go_on(
    services: Services, installs: Installs, surveyor: Surveyor, link: Connection, tmp_path: Path
) -> None:
    await stopped(services, surveyor, link)
    release(tmp_path, "x", "CREATE TABLE cup (tea text)", "TRUNCATE cup")

    await installs.install("x", tmp_path, "yimen_x", version="1.1.0")
    kept_out = await refusal(services)
    await surveyor.look(link)

    assert kept_out.startswith("too many connections")
    assert await refusal(services) == ""


async def test_while_the_host_acts_as_it_its_own_processes_stay_outside(
    services: Services, installs: Installs, surveyor: Surveyor, link: Connection
) -> None:
    await stopped(services, surveyor, link)

    async with installs.spared("x") as address, await psycopg.AsyncConnection.connect(address) as connection:
        await surveyor.look(link)
        found = await (await connection.execute("SELECT count(*) FROM cup")).fetchone()
        meanwhile = await refusal(services)

    assert found == (4000,)
    assert meanwhile == f'password authentication failed for user "{installs.place("x")}"'
    assert (await refusal(services)).startswith("too many connections")


async def test_a_stopped_one_can_be_removed(
    services: Services, installs: Installs, surveyor: Surveyor, link: Connection
) -> None:
    await stopped(services, surveyor, link)

    await installs.uninstall("x")
    await surveyor.look(link)

    assert set(surveyor.kept) == {"y"}


async def test_who_keeps_its_role_busy_is_stopped(
    services: Services, installs: Installs, surveyor: Surveyor, link: Connection
) -> None:
    await fill(services, 4)
    async with connected(services) as connection:
        await connection.execute("BEGIN")
        await connection.execute("ALTER ROLE CURRENT_USER SET statement_timeout = 0")
        await connection.execute("ALTER ROLE CURRENT_USER PASSWORD 'mine alone'")

        await surveyor.look(link)

    assert (await refusal(services)).startswith("too many connections")


async def test_who_locks_its_tables_is_stopped_and_measured(
    services: Services, installs: Installs, surveyor: Surveyor, link: Connection
) -> None:
    await fill(services, 4)
    async with connected(services) as connection:
        await connection.execute("BEGIN")
        await connection.execute("LOCK TABLE cup")
        looks = []
        for _ in range(3):
            await surveyor.look(link)
            looks.append((surveyor.kept["x"].size > 3 * MIB, surveyor.kept["x"].is_stopped))
        measured = surveyor.kept["y"].is_stopped

    assert looks == [(False, False), (False, True), (True, True)]
    assert measured is False


async def test_who_keeps_large_objects_is_measured_by_them(
    services: Services, installs: Installs, surveyor: Surveyor, link: Connection
) -> None:
    async with connected(services) as connection:
        await connection.execute(
            "SELECT lo_from_bytea(0, string_agg(sha512(n::text::bytea), '')) FROM generate_series(1, 20000) n"
        )

    assert await size(link, installs) - await size(link, installs, "y") > MIB
