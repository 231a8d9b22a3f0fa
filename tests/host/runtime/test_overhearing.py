"""Mini-apps on the host's channels: they may listen and speak there, and neither learn nor cause anything by it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from tests.host.runtime.acting import address
from tests.host.village import Record, Shelf, Village

from yimen_host.identity import store as identity
from yimen_host.identity.changes import CHANNEL
from yimen_host.node import RELEASES_CHANNEL
from yimen_host.runtime.listening import PAUSE_SECONDS

Connection = psycopg.AsyncConnection[tuple[object, ...]]


async def as_tea(here: Village) -> Connection:
    """A connection with what the tea house is handed."""
    return await psycopg.AsyncConnection.connect(address(here.services, "tea"), autocommit=True)


async def overheard(listening: Connection) -> list[str]:
    """What was said since it began to listen."""
    return [notice.payload async for notice in listening.notifies(timeout=0.3)]


async def test_nobody_who_listens_learns_whom_it_is_about(here: Village) -> None:
    ada = await here.settle()
    async with await as_tea(here) as tea:
        await tea.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
        async with here.services.database.transaction() as session:
            await identity.notify(session, CHANNEL, ada)  # what leaks when it is said
        plain = await overheard(tea)

        await here.node.sessions.end(ada)
        await here.node.sessions.end(ada)
        await here.grant(ada, "identity.name")
        sealed = await overheard(tea)

    assert plain == [ada]
    assert (len(sealed), len(set(sealed)), [said for said in sealed if ada in said]) == (3, 3, [])


async def test_what_a_mini_app_says_in_the_hosts_place_is_not_believed(here: Village) -> None:
    ada = await here.settle()
    _, viewer = await here.sign_in(ada)
    cookie = await here.open_app(viewer)
    kept = await here.node.app_sessions.identify("tea", cookie)

    async with await as_tea(here) as tea:
        for said in (ada, "", "k1.", "k1.AAAA", "k9.AAAA", "\u00e9.!", "x" * 7000):
            await tea.execute("SELECT pg_notify(%s, %s)", (CHANNEL, said))
    await asyncio.sleep(3 * PAUSE_SECONDS)
    still_kept = here.node.app_sessions.kept("tea", cookie)
    await here.node.sessions.end(ada)
    await asyncio.sleep(3 * PAUSE_SECONDS)

    assert kept is not None
    assert still_kept is kept
    assert here.node.app_sessions.kept("tea", cookie) is None


@dataclass
class Counting(Shelf):
    """A source of releases that counts how often it is asked."""

    asked: list[int] = field(default_factory=list)

    async def live_releases(self) -> Sequence[Record]:
        self.asked.append(1)
        return await super().live_releases()


async def test_a_flood_of_false_news_keeps_no_host_busy(here: Village) -> None:
    ada = await here.settle()
    _, viewer = await here.sign_in(ada)
    cookie = await here.open_app(viewer)
    kept = await here.node.app_sessions.identify("tea", cookie)
    shelf = here.node.directory._source = Counting(here.shelf.records)

    async with await as_tea(here) as tea:
        await tea.execute("SELECT pg_notify(%s, n::text) FROM generate_series(1, 5000) n", (RELEASES_CHANNEL,))
    await asyncio.sleep(10 * PAUSE_SECONDS)

    assert 1 <= len(shelf.asked) <= 10
    assert here.node.app_sessions.kept("tea", cookie) is kept


async def test_a_flood_does_not_drown_what_is_true(here: Village) -> None:
    ada = await here.settle()
    _, viewer = await here.sign_in(ada)
    cookie = await here.open_app(viewer)
    await here.node.app_sessions.identify("tea", cookie)

    async with await as_tea(here) as tea:
        flood = "SELECT pg_notify(%s, n || repeat('x', 500)) FROM generate_series(1, 30000) n"
        await tea.execute(flood, (CHANNEL,))
        await here.node.sessions.end(ada)
        await tea.execute(flood, (CHANNEL,))
        async with asyncio.timeout(20):
            while here.node.app_sessions.kept("tea", cookie):  # noqa: ASYNC110  what is forgotten has no event
                await asyncio.sleep(PAUSE_SECONDS)

    assert here.node.app_sessions.kept("tea", cookie) is None
