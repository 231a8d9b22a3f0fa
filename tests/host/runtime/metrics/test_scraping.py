"""The listener for scrapes: one process holds it, and the next takes over; what does not answer is told as missing."""

import asyncio
from functools import partial
from pathlib import Path

import httpx
from tests.host.village import Village
from tests.town import free_port

from yimen_host.runtime.contract import IsolationReport, ReleaseStatus
from yimen_host.runtime.metrics.scraping import Scraping, application
from yimen_host.runtime.metrics.view import View, look
from yimen_host.runtime.supervision import SupervisorUnavailable


def levelled(level: int) -> View:
    """What a host of such a level tells."""
    return View(isolation=IsolationReport(level, "", ()))


async def test_the_next_process_takes_over(tmp_path: Path) -> None:
    socket = tmp_path / "metrics.sock"
    processes = [Scraping(f"unix:{socket}", tmp_path, partial(told, level)) for level in (1, 2)]
    for process in processes:
        await process.start()

    first = await level_told(socket)
    await processes[0].stop()
    second = await level_told(socket, not_this=first)
    await processes[1].stop()

    assert (first, second) == (["yimen_isolation_level 1.0"], ["yimen_isolation_level 2.0"])


async def told(level: int) -> View:
    """A look that finds a level."""
    return levelled(level)


async def level_told(socket: Path, *, not_this: list[str] | None = None) -> list[str]:
    """The level that is told, once somebody else than before tells it."""
    async with asyncio.timeout(10):
        while True:
            try:
                async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(socket))) as client:
                    lines = (await client.get("http://host/metrics")).text.splitlines()
                found = [line for line in lines if line.startswith("yimen_isolation_level ")]
            except httpx.TransportError:
                found = not_this or []
            if found and found != not_this:
                return found
            await asyncio.sleep(0.05)


async def test_it_answers_on_an_address_too(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    scraping = Scraping(address, tmp_path, lambda: told(3))
    await scraping.start()
    async with httpx.AsyncClient() as client, asyncio.timeout(10):
        while True:
            try:
                answer = await client.get(f"http://{address}/metrics")
                break
            except httpx.ConnectError:
                await asyncio.sleep(0.02)
    await scraping.stop()

    assert "yimen_isolation_level 3.0" in answer.text.splitlines()


async def test_a_supervisor_that_is_away_is_told_and_hides_nothing_else(here: Village) -> None:
    async def away() -> IsolationReport:
        raise SupervisorUnavailable("it is away")

    async def gone() -> list[ReleaseStatus]:
        raise SupervisorUnavailable("it is away")

    here.supervision.isolation = away  # type: ignore[method-assign]  # the village's stands in for one
    here.supervision.status = gone  # type: ignore[method-assign]
    run_dir = here.node.directory.run_dir

    async def view() -> View:
        return await look(here.services.database, here.supervision, run_dir)

    transport = httpx.ASGITransport(application(view))
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
        lines = (await client.get("/metrics")).text.splitlines()

    assert [line for line in lines if line.startswith(("yimen_answered", "yimen_isolation"))] == [
        'yimen_answered{part="supervisor"} 0.0',
        'yimen_answered{part="database"} 1.0',
        'yimen_answered{part="host-1"} 1.0',
    ]
    assert 'yimen_outbox_deliveries{state="dead"} 0.0' in lines
