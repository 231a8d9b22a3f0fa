"""The jobs worker: an event is delivered, tried again, and in order for each subject."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from procrastinate.jobs import Job
from pydantic import SecretStr
from sqlalchemy import text
from tests.host.receiver import receiver
from tests.host.runtime.acting import connected
from tests.host.village import Village, village

from yimen_host import jobs as module
from yimen_host.core import deadletters
from yimen_host.core.alerts import Alert, raise_alert
from yimen_host.core.outbox import Happening, publish
from yimen_host.core.services import Services
from yimen_host.jobs import Jobs
from yimen_host.payments.webhooks.telling import tell
from yimen_host.runtime.delivery import DeliveryFailed
from yimen_sdk.identity import Verifier


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class App:
    """A mini-app's process, as far as events go: it hears them, checks who sent them, and may refuse some."""

    verifier: Verifier
    refuses: list[str] = field(default_factory=list)
    """Subjects whose next event it refuses, once for each time named."""
    heard: list[tuple[str, str]] = field(default_factory=list)
    told: asyncio.Event = field(default_factory=asyncio.Event)
    holds: asyncio.Event = field(default_factory=_set)
    """Until it is set, events are heard and not answered."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = [line.split(": ", 1) for line in head.strip().split("\r\n")[1:]]
        headers = {name.lower(): value for name, value in lines}
        body = await reader.readexactly(int(headers["content-length"]))
        self.verifier.event(body, headers)
        event = json.loads(body)
        self.heard.append((event["id"], event["subject"]))
        self.told.set()
        await self.holds.wait()
        status = 204
        if event["subject"] in self.refuses:
            self.refuses.remove(event["subject"])
            status = 503
        writer.write(f"HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        self.told.set()

    async def until(self, count: int) -> None:
        """Wait until so many events were heard."""
        async with asyncio.timeout(20):
            while len(self.heard) < count:
                self.told.clear()
                await self.told.wait()


@pytest.fixture
async def app(here: Village) -> AsyncIterator[App]:
    release = here.node.directory.main("tea")
    assert release is not None
    keys = here.services.keyring.public_keys()
    app = App(Verifier(keys, "tea", now=lambda: here.services.clock.now().timestamp()))
    server = await asyncio.start_unix_server(app.serve, release.socket)
    yield app
    server.close()


@asynccontextmanager
async def working(here: Village) -> AsyncIterator[None]:
    """A worker beside the test."""
    jobs = Jobs(here.node)
    async with jobs.app.open_async():
        worker = asyncio.create_task(jobs.app.run_worker_async(
            concurrency=4, fetch_job_polling_interval=0.1, delete_jobs="successful", install_signal_handlers=False,
        ))  # fmt: skip
        yield
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def happen(here: Village, id: str, subject: str = "ord_1", to: str = "app:tea") -> None:
    """Something happens."""
    async with here.services.database.transaction() as session:
        await publish(session, Happening(id, "town.opened", subject, {"n": 1}, here.services.clock.now()), to=[to])


async def waiting(here: Village) -> int:
    """How many deliveries are not done."""
    async with here.services.database.transaction() as session:
        jobs = await session.execute(text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'yimen.deliver'"))
        return int(jobs.scalar_one())


async def test_an_event_is_delivered_once_and_signed(here: Village, app: App) -> None:
    await happen(here, "evt_1")

    async with working(here):
        await app.until(1)
        async with asyncio.timeout(10):
            while await waiting(here):  # noqa: ASYNC110  the worker deletes the job after the answer
                await asyncio.sleep(0.05)

    assert app.heard == [("evt_1", "ord_1")]


async def test_events_of_one_subject_come_in_order(here: Village, app: App) -> None:
    expected = [f"evt_{number}" for number in range(8)]
    for id in expected:
        await happen(here, id)

    async with working(here):
        await app.until(8)

    assert [id for id, _ in app.heard] == expected


async def test_what_was_refused_comes_again_and_holds_back_its_own_subject_only(here: Village, app: App) -> None:
    app.refuses = ["ord_1"]
    await happen(here, "evt_1", "ord_1")
    await happen(here, "evt_2", "ord_1")
    await happen(here, "evt_3", "ord_2")

    async with working(here):
        await app.until(4)

    assert [id for id, subject in app.heard if subject == "ord_1"] == ["evt_1", "evt_1", "evt_2"]
    assert app.heard.index(("evt_3", "ord_2")) <= 1  # before or between, never behind the one that was refused


def test_retries_end_after_twelve_tries() -> None:
    tried = Job(id=1, queue="outbox", lock=None, queueing_lock=None, task_name="yimen.deliver")

    decisions = [
        module.RETRY.get_retry_decision(exception=DeliveryFailed("away"), job=tried.evolve(attempts=attempts))
        for attempts in (0, 11, 12)
    ]

    assert [decision is None for decision in decisions] == [False, False, True]


async def test_a_mini_app_that_is_away_gets_it_later(here: Village, app: App) -> None:
    (record,) = here.shelf.records
    here.shelf.records = []
    await here.node.refresh()
    await happen(here, "evt_1")

    async with working(here):
        await asyncio.sleep(0.3)
        assert (app.heard, await waiting(here)) == ([], 1)
        here.shelf.records = [record]
        await here.node.refresh()
        await app.until(1)

    assert app.heard == [("evt_1", "ord_1")]


async def test_a_webhook_waits_as_long_as_it_says_and_holds_back_its_own_subject_only(here: Village) -> None:
    made = await here.node.webhooks.add("tea", "https://localhost/hooks")  # never called: it leads inside
    async with here.services.database.transaction() as session:
        for id, subject in (("evt_1", "ord_1"), ("evt_2", "ord_1"), ("evt_3", "ord_2")):
            happening = Happening(id, "town.opened", subject, {}, here.services.clock.now())
            await publish(session, happening, to=[])
            await tell(session, "tea", happening, told=(happening.type,))

    async with working(here), asyncio.timeout(10):
        while True:
            _, _, letters = await here.node.webhooks.show("tea", made.endpoint.id)
            tries = {letter.event.id: letter.delivery.attempts for letter in letters}
            if tries["evt_1"] + tries["evt_3"] > 0:
                break
            await asyncio.sleep(0.05)

    assert tries["evt_2"] == 0


async def given_up(here: Village) -> None:
    """Let what waits now be on its last try."""
    async with here.services.database.transaction() as session:
        await session.execute(text("UPDATE procrastinate_jobs SET attempts = 12 WHERE task_name = 'yimen.deliver'"))


async def dead(here: Village, count: int) -> list[tuple[str, bool, str]]:
    """Wait for so many dead letters; tell each one's object, whether it is dead, and why."""
    async with asyncio.timeout(20):
        while True:
            async with here.services.database.transaction() as session:
                found = await deadletters.letters(session, "app:tea")
            if sum(letter.is_dead for letter in found) == count:
                return [(letter.subject, letter.is_dead, letter.reason.partition(":")[0]) for letter in found]
            await asyncio.sleep(0.05)


async def test_a_dead_letter_holds_back_its_object_until_it_is_sent_again(here: Village, app: App) -> None:
    owner = await here.settle()
    registry = here.node.registry
    founded = await registry.create_publisher(name="tea-co", title="茶叶合作社", owner=owner)
    await registry.reserve(app_id="tea", distribution="yimen-tea", publisher_id=founded.id, by=owner)
    browser = here.browser((await here.sign_in(owner))[0])
    app.refuses = ["ord_1"]
    await happen(here, "evt_1", "ord_1")
    await given_up(here)
    await happen(here, "evt_2", "ord_1")
    await happen(here, "evt_3", "ord_2")

    async with working(here):
        letters = await dead(here, 2)
        page = await browser.get("/developer/apps/tea/events")
        async with asyncio.timeout(20):
            while not (told := await here.node.inbox.page(owner, None)):  # noqa: ASYNC110  delivered by the worker
                await asyncio.sleep(0.05)
        await app.until(2)
        before = sorted(app.heard)
        again = await browser.post("/developer/apps/tea/events", data={"subject": "ord_1"})
        await app.until(4)
        after = await dead(here, 0)

    assert [row.link for row in told] == ["/developer/apps/tea/events"]
    assert letters == [
        ("ord_1", True, "town.opened evt_1"),
        ("ord_1", True, "an earlier event of ord_1 was not taken; this one waits behind it"),
    ]
    assert (page.text.count("已停止"), again.status_code, after) == (2, 303, [])
    assert before == [("evt_1", "ord_1"), ("evt_3", "ord_2")]
    assert app.heard[2:] == [("evt_1", "ord_1"), ("evt_2", "ord_1")]


@pytest.mark.parametrize(
    "said", ['{"type": "abort_job_requested", "job_id": %s}', "%s", '{"type": "none"}%s', '["%s"]'], ids=str
)
async def test_what_a_mini_app_says_to_the_worker_stops_nothing(here: Village, app: App, said: str) -> None:
    app.holds = asyncio.Event()
    await happen(here, "evt_1", "ord_1")

    async with working(here), connected(here.services, "tea") as tea:
        await app.until(1)
        for number in range(1, 50):
            await tea.execute("SELECT pg_notify('procrastinate_any_queue_v1', %s)", (said.replace("%s", str(number)),))
        await asyncio.sleep(0.5)
        app.holds.set()
        await happen(here, "evt_2", "ord_2")
        await app.until(2)
        async with asyncio.timeout(10):
            while await waiting(here):  # noqa: ASYNC110  the worker deletes the job after the answer
                await asyncio.sleep(0.05)

    assert app.heard == [("evt_1", "ord_1"), ("evt_2", "ord_2")]


async def test_an_alert_reaches_who_is_on_duty(services: Services, tmp_path: Path) -> None:
    async with receiver() as (server, url), village(
        services, tmp_path, alert_webhook=url, alert_secret=SecretStr("whsec_" + "c2VjcmV0" * 4)
    ) as here:  # fmt: skip
        async with here.services.database.transaction() as session:
            for about in ("ref_1", "ref_2"):
                data = {"title": "一杯茶", "fen": 800}
                await raise_alert(session, Alert.LATE_MONEY_STUCK, about, data, here.services.clock.now())
        async with working(here), asyncio.timeout(20):
            while not server.heard:  # noqa: ASYNC110  the server has no event
                await asyncio.sleep(0.05)

    told = [json.loads(body)["type"] for _, body in server.heard]
    assert told == [Alert.LATE_MONEY_STUCK]
