"""Mini-apps that lift the database's time-outs, and what ends them all the same."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psycopg
import pytest
from tests.host.runtime.acting import address, connected

from yimen_host.core.services import Services
from yimen_host.runtime import roles
from yimen_host.runtime.installs import Installs
from yimen_host.runtime.overtime import Cancel, Excess, Session, Terminate, judge
from yimen_host.runtime.quotas import Quota
from yimen_host.runtime.reaper import Reaper
from yimen_host.runtime.watch import Watch

QUOTA = Quota(statement_seconds=0.3, transaction_seconds=0.5, connections=8)
LONG_SECONDS = 8.0
"""Past every limit here, with the grace and the patience."""
CONTROL_SECONDS = 2.5
"""Past every limit here."""
Connection = psycopg.AsyncConnection[tuple[object, ...]]
Attack = Callable[[Connection], Awaitable[object]]


async def sleep_for_long(connection: Connection) -> None:
    """Lift the time-out, as every role may, and let one statement run."""
    await connection.execute("SET statement_timeout = 0")
    await connection.execute("SELECT pg_sleep(60)")


async def sleep_in_a_block(connection: Connection) -> None:
    """The same within a block that commits again and again, so that no transaction is old."""
    await connection.execute("SET statement_timeout = 0")
    await connection.execute("DO $$ BEGIN FOR i IN 1..600 LOOP PERFORM pg_sleep(0.1); COMMIT; END LOOP; END $$")


async def hide_from_cancelling(connection: Connection) -> None:
    """Catch the request to end, and go on."""
    await connection.execute("SET statement_timeout = 0")
    await connection.execute(
        "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$"
    )


async def sit_in_a_transaction(connection: Connection) -> None:
    """Keep a transaction open and do nothing in it."""
    await connection.execute("SET idle_in_transaction_session_timeout = 0")
    await connection.execute("BEGIN")
    await asyncio.sleep(2 * CONTROL_SECONDS)
    await connection.execute("SELECT 1")


async def stay_busy_in_a_transaction(connection: Connection) -> None:
    """Keep a transaction open with short statements, so that no time-out is ever reached."""
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    while True:
        await connection.execute("SELECT 1")
        await asyncio.sleep(0.05)


async def hold_the_hosts_lock(connection: Connection) -> None:
    """Take the lock under which the host installs somebody else, outside of any transaction."""
    await connection.execute("SELECT pg_advisory_lock(hashtextextended('install:y', 0))")
    while True:
        await connection.execute("SELECT 1")
        await asyncio.sleep(0.05)


async def fill_another_database(connection: Connection) -> None:
    """Fill temporary tables where every role of a server may make them, and nobody looks."""
    elsewhere = psycopg.conninfo.make_conninfo(
        connection.info.dsn, password=connection.info.password, dbname="postgres"
    )
    async with await psycopg.AsyncConnection.connect(elsewhere, autocommit=True) as other:
        await other.execute("CREATE TEMPORARY TABLE cup (n int)")
        while True:
            await other.execute("INSERT INTO cup VALUES (1)")
            await asyncio.sleep(0.05)


ATTACKS = {
    sleep_for_long: Excess.STATEMENTS,
    sleep_in_a_block: Excess.STATEMENTS,
    hide_from_cancelling: Excess.STATEMENTS,
    sit_in_a_transaction: Excess.TRANSACTIONS,
    stay_busy_in_a_transaction: Excess.TRANSACTIONS,
    hold_the_hosts_lock: Excess.LOCKS,
    fill_another_database: Excess.ELSEWHERE,
}


@pytest.fixture
async def installs(services: Services, tmp_path: Path) -> Installs:
    """A mini-app x with its place and its limits."""
    made = Installs(services, lambda app_id: QUOTA)
    await made.install("x", tmp_path, "yimen_x", version="1.0.0")
    return made


@contextlib.asynccontextmanager
async def watched(services: Services, place: Path) -> AsyncIterator[Reaper]:
    """A reaper that looks."""
    reaper = Reaper(services.database.url, lambda app_id: QUOTA)
    watch = Watch(services.database.url, place, "reaper", reaper.look)
    watch.start()
    yield reaper
    await watch.stop()


async def attacked(services: Services, attack: Attack, seconds: float = LONG_SECONDS) -> str:
    """Attack, and tell how it ended."""
    async with connected(services) as connection:
        try:
            async with asyncio.timeout(seconds):
                await attack(connection)
        except TimeoutError:
            return "went on"
        except psycopg.Error:
            return "ended"
        return "done"


async def all_attacked(services: Services, seconds: float = LONG_SECONDS) -> dict[str, str]:
    """Every attack, all at once."""
    endings = await asyncio.gather(*(attacked(services, attack, seconds) for attack in ATTACKS))
    return {attack.__name__: ending for attack, ending in zip(ATTACKS, endings, strict=True)}


async def test_every_attack_succeeds_where_nobody_looks(services: Services, installs: Installs) -> None:
    endings = await all_attacked(services, CONTROL_SECONDS)

    assert set(endings.values()) == {"went on"}


async def test_no_attack_succeeds_where_somebody_looks(services: Services, installs: Installs, tmp_path: Path) -> None:
    async with watched(services, tmp_path) as reaper:
        endings = await all_attacked(services)

    assert set(endings.values()) == {"ended"}
    assert {excess for excess, by_app in reaper.ended.items() if by_app["x"]} == set(Excess)


async def test_an_honest_mini_app_is_left_alone(services: Services, installs: Installs, tmp_path: Path) -> None:
    async with (
        watched(services, tmp_path) as reaper,
        connected(services) as connection,
    ):
        for _ in range(20):
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(1)")
            await asyncio.sleep(0.1)
        limits = [
            await (await connection.execute(f"SHOW {name}".encode())).fetchone()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        ]

    assert limits == [("300ms",), ("300ms",), ("500ms",)]
    assert sum(reaper.ended.values(), Counter()) == {}


async def test_a_migration_may_take_its_time(services: Services, installs: Installs, tmp_path: Path) -> None:
    directory = tmp_path / "yimen_x" / "migrations"
    directory.mkdir(parents=True)
    (directory / "0001_slow.sql").write_text("SELECT pg_sleep(3)")

    async with watched(services, tmp_path) as reaper:
        await installs.install("x", tmp_path, "yimen_x", version="1.1.0")

    assert sum(reaper.ended.values(), Counter()) == {}


async def test_who_holds_the_hosts_lock_holds_up_nobody(services: Services, installs: Installs, tmp_path: Path) -> None:
    async with watched(services, tmp_path):
        attack = asyncio.create_task(attacked(services, hold_the_hosts_lock))
        await asyncio.sleep(0.5)
        async with asyncio.timeout(LONG_SECONDS):
            await installs.install("y", tmp_path, "yimen_y", version="1.0.0")

        assert await attack == "ended"


async def test_a_mini_app_has_so_many_connections_and_no_more(services: Services, installs: Installs) -> None:
    async with contextlib.AsyncExitStack() as opened:
        for _ in range(QUOTA.connections):
            await opened.enter_async_context(await psycopg.AsyncConnection.connect(address(services)))

        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            await psycopg.AsyncConnection.connect(address(services))


async def test_limits_that_a_mini_app_lifted_for_good_are_put_back(services: Services, installs: Installs) -> None:
    async with connected(services) as connection:
        await connection.execute("ALTER ROLE CURRENT_USER SET statement_timeout = 0")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute("ALTER ROLE CURRENT_USER CONNECTION LIMIT -1")

    await installs.limit(["x"])

    async with await psycopg.AsyncConnection.connect(address(services)) as connection:
        assert await (await connection.execute("SHOW statement_timeout")).fetchone() == ("300ms",)


async def test_a_mini_app_that_changes_its_password_keeps_nobody_out(
    services: Services, installs: Installs, tmp_path: Path
) -> None:
    async with connected(services) as connection:
        await connection.execute("ALTER ROLE CURRENT_USER PASSWORD 'mine alone'")
    directory = tmp_path / "yimen_x" / "migrations"
    directory.mkdir(parents=True)
    (directory / "0001_cups.sql").write_text("CREATE TABLE cup (n int)")
    with pytest.raises(psycopg.OperationalError):
        await psycopg.AsyncConnection.connect(address(services))

    await installs.install("x", tmp_path, "yimen_x", version="1.1.0")
    async with connected(services) as connection:
        await connection.execute("ALTER ROLE CURRENT_USER PASSWORD 'mine alone'")
    async with installs.spared("x"), await psycopg.AsyncConnection.connect(address(services)) as connection:
        found = await (await connection.execute("SELECT count(*) FROM cup")).fetchone()

    assert found == (0,)


def session(**values: object) -> Session:
    """One that does nothing."""
    idle = {
        "pid": 1, "began": "", "role": "x", "is_busy": False, "statement": 0.0, "transaction": None,
        "holds_advisory_lock": False,
    }  # fmt: skip
    return Session(**{**idle, **values})  # type: ignore[arg-type]  # the test's own values


@pytest.mark.parametrize(
    ("values", "held_before", "verdict"),
    [
        ({}, False, None),
        ({"statement": 900.0}, False, None),
        ({"is_busy": True, "statement": 1.2}, False, None),
        ({"is_busy": True, "statement": 1.4}, False, Cancel(Excess.STATEMENTS)),
        ({"is_busy": True, "statement": 4.4}, False, Terminate(Excess.STATEMENTS)),
        ({"transaction": 1.4}, False, None),
        ({"transaction": 1.6}, False, Terminate(Excess.TRANSACTIONS)),
        ({"holds_advisory_lock": True}, False, None),
        ({"holds_advisory_lock": True}, True, Terminate(Excess.LOCKS)),
        ({"holds_advisory_lock": False}, True, None),
        ({"is_elsewhere": True}, False, Terminate(Excess.ELSEWHERE)),
    ],
)
def test_what_is_too_much(values: dict[str, object], held_before: bool, verdict: object) -> None:
    assert judge(session(**values), QUOTA, held_before=held_before) == verdict


def test_a_role_tells_its_mini_app(services: Services) -> None:
    owner = services.database.url

    assert roles.app_of(owner, roles.name(owner, "tea-house")) == "tea-house"


async def test_one_that_is_stopped_while_it_connects_leaves_nothing_half_open(
    services: Services, tmp_path: Path
) -> None:
    before, stopped = open_sockets(), []
    look = Reaper(services.database.url, lambda app_id: QUOTA).look
    for millisecond in range(12):
        for _ in range(3):
            watch = Watch(services.database.url, tmp_path, "reaper", look)
            watch.start()
            await asyncio.sleep(millisecond / 1000)
            await watch.stop()
            stopped.append(watch)

    assert open_sockets() == before


def open_sockets() -> int:
    """How many sockets this process has."""
    return sum(file.is_socket() for file in Path("/proc/self/fd").iterdir())
