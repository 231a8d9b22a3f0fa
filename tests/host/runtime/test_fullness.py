"""A mini-app that keeps too much in the database: residents read so, from every process of the host."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import psycopg
import pytest
from tests.host.runtime.acting import connected
from tests.host.village import Village

from yimen_host.app import create_gateway, create_portal
from yimen_host.node import Node
from yimen_host.runtime import roles
from yimen_host.runtime.gateway.ports import TargetState
from yimen_host.runtime.installs import Installs
from yimen_host.runtime.quotas import Quota, Quotas

TABLE = "CREATE TABLE cup AS SELECT repeat(md5(n::text), 30) FROM generate_series(1, 2000) n"


@pytest.fixture
async def second(here: Village) -> AsyncIterator[Node]:
    """Another process of the host, on the same database."""
    node = Node.of(here.services, source=here.shelf, supervision=here.supervision)
    await node.start(answer_apps=False)
    yield node
    await node.stop()


async def fill(here: Village) -> None:
    """Let the tea house keep 2 MiB of the 1 it may, and be seen."""
    async with connected(here.services, "tea") as connection:
        await connection.execute(TABLE)
    here.node.quotas.take_over(Quotas(Quota(database_mib=1), {}))
    await look(here)


async def look(here: Village) -> None:
    """Measure once."""
    async with await psycopg.AsyncConnection.connect(
        roles.conninfo(here.services.database.url), autocommit=True
    ) as link:
        await here.node._surveyor.look(link)


async def heard(node: Node, state: TargetState) -> None:
    """Wait until a process knows where the tea house stands."""
    await until(lambda: (target := node.directory.find("tea")) is not None and target.state is state)


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what is heard from the database."""
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110  it is heard over a connection
            await asyncio.sleep(0.02)


async def visit(node: Node) -> httpx.Response:
    """Open the tea house through a process's gateway."""
    gateway = create_gateway(node, create_portal(node))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(gateway), base_url="http://tea.localhost:8080"
    ) as client:
        return await client.get("/")


async def test_every_process_tells_residents_why_it_is_paused(here: Village, second: Node) -> None:
    before = await visit(second)
    await fill(here)
    for node in (here.node, second):
        await heard(node, TargetState.FULL)

    page = await visit(second)

    assert before.headers.get("retry-after") is None
    assert (page.status_code, page.headers["retry-after"]) == (503, "300")
    assert "这个小程序存放的数据太多，暂停服务。" in page.text
    assert "这不是您的问题" in page.text
    assert "It is not your fault" in page.text


async def test_it_is_open_again_when_it_may_go_on(here: Village, second: Node) -> None:
    await fill(here)
    await heard(second, TargetState.FULL)

    here.node.quotas.take_over(Quotas(Quota(database_mib=100), {}))
    await look(here)

    for node in (here.node, second):
        await heard(node, TargetState.LIVE)


async def test_a_process_that_begins_knows_who_is_paused(here: Village) -> None:
    await fill(here)
    node = Node.of(here.services, source=here.shelf, supervision=here.supervision)
    await node.start(answer_apps=False)

    target = node.directory.find("tea")
    await node.stop()

    assert target is not None
    assert target.state is TargetState.FULL


async def test_what_anybody_says_on_the_channel_pauses_nobody(here: Village) -> None:
    await here.node._stops_changed(["tea", f"{roles.prefix(here.services.database.url)}tea"])

    target = here.node.directory.find("tea")
    assert target is not None
    assert target.state is TargetState.LIVE


async def test_exports_and_migrations_leave_it_paused(here: Village, second: Node) -> None:
    installs = Installs(here.services, here.node.quotas.of)
    await fill(here)
    await heard(second, TargetState.FULL)

    async with installs.spared("tea") as address, await psycopg.AsyncConnection.connect(address):
        pass

    await second.refresh()
    target = second.directory.find("tea")
    assert target is not None
    assert target.state is TargetState.FULL
