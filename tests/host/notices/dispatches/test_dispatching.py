"""Alerts as operators outside hear them: together, signed, again after a failure, and without a word of anybody's."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook as Verifier
from tests.host.notices.test_alerts import TEA
from tests.host.receiver import Receiver, receiver

from yimen_host.core import keeping
from yimen_host.core.alerts import Alert, raise_alert
from yimen_host.core.clock import ManualClock
from yimen_host.core.errors import HostError, Later
from yimen_host.core.outbox import find_event
from yimen_host.core.services import Services
from yimen_host.forgetting import PASTS, forget
from yimen_host.notices.alerts import WORDS
from yimen_host.notices.dispatches import store
from yimen_host.notices.dispatches.dispatching import SEND, Dispatches
from yimen_host.notices.dispatches.schedule import APART, GATHER
from yimen_host.notices.dispatches.store import Standing
from yimen_host.notices.dispatches.ways import Phone, Way, Webhook

SECRET = "whsec_" + "c2VjcmV0" * 4
PORTAL = "https://yimen.test"
STUCK = Alert.REFUND_STUCK
CANARY = "张三丰"
WRITTEN = TEA | dict.fromkeys(("title", "name", "reason", "zh", "en", "url", "mini_app"), CANARY)
"""With somebody's name wherever somebody writes."""


@dataclass
class Texts:
    """A sender that keeps what it is given, or refuses."""

    sent: list[tuple[str, str]]
    broken: bool = False

    async def send(self, phone: str, text: str) -> None:
        """Keep it."""
        if self.broken:
            raise HostError("no credit left")
        self.sent.append((phone, text))


@dataclass
class Duty:
    """Who is on duty: a server and a telephone, and what goes to them."""

    services: Services
    clock: ManualClock
    server: Receiver
    texts: Texts
    dispatches: Dispatches

    async def alarm(self, about: str, kind: Alert = STUCK, *, times: int = 1, **data: str) -> None:
        """Something waits for a person; the job that tells of it runs."""
        async with self.services.database.transaction() as session:
            await raise_alert(session, kind, about, WRITTEN | data, self.services.clock.now())
            event = await find_event(session, f"{kind}:{about}")
        assert event is not None
        for _ in range(times):
            await self.dispatches.gather(event)

    def later(self, span: dt.timedelta) -> None:
        """Time passes."""
        self.clock.advance(seconds=span.total_seconds())

    async def jobs(self) -> list[tuple[str, dt.datetime]]:
        """What is to be sent, and when."""
        asked = text("SELECT args->>'dispatch_id', scheduled_at FROM procrastinate_jobs WHERE task_name = :task")
        async with self.services.database.transaction() as session:
            rows = await session.execute(asked.bindparams(task=SEND))
        return sorted(((row[0], row[1]) for row in rows), key=lambda job: job[1])

    async def send_due(self) -> list[dt.timedelta]:
        """Do what is due, once each; return after which time a way that failed is asked again."""
        now, later = self.services.clock.now(), []
        for dispatch_id, at in await self.jobs():
            if at <= now:
                try:
                    await self.dispatches.send(dispatch_id)
                except Later as again:
                    later.append(again.at - now)
        return later

    async def standing(self, way: str) -> Standing:
        """How a way does."""
        async with self.services.database.transaction() as session:
            return await store.standing(session, way, self.services.clock.now())

    @property
    def heard(self) -> list[tuple[str, int]]:
        """Kind and number of each message that the server heard."""
        bodies = [json.loads(body) for _, body in self.server.heard]
        return [(body["type"].removeprefix("yimen.alert."), body["data"]["count"]) for body in bodies]


@pytest.fixture
async def duty(services: Services, clock: ManualClock) -> AsyncIterator[Duty]:
    async with receiver() as (server, url):
        texts = Texts([])
        ways: list[Way] = [Webhook(f"{url}/duty?key=k", SECRET, PORTAL), Phone("13800000009", 1, texts)]
        yield Duty(services, clock, server, texts, Dispatches(services, ways))


async def test_a_storm_of_one_kind_is_one_message_with_a_count(duty: Duty) -> None:
    began = duty.services.clock.now()
    for number in range(30):
        await duty.alarm(f"ref_{number:02}", times=2)
        duty.later(dt.timedelta(seconds=1))

    early = await duty.send_due()
    duty.later(GATHER)
    await duty.send_due()

    assert (early, duty.texts.sent) == ([], [("13800000009", "【一门】退款等待人工处理，30件。请到管理控制台查看。")])
    ((headers, body),) = duty.server.heard
    assert json.loads(body) == {
        "type": STUCK,
        "timestamp": began.isoformat(),
        "data": {
            "count": 30,
            "title": {"zh": "退款等待人工处理", "en": "A refund waits for a person"},
            "objects": [f"ref_{number:02}" for number in range(20)],
            "link": f"{PORTAL}/console/refunds",
        },
    }
    sent_at = dt.datetime.fromtimestamp(int(headers["webhook-timestamp"]), dt.UTC)
    assert headers["webhook-signature"] == Verifier(SECRET).sign(headers["webhook-id"], sent_at, body)


async def test_what_follows_within_ten_minutes_is_the_next_message(duty: Duty) -> None:
    await duty.alarm("ref_1")
    duty.later(GATHER)
    await duty.send_due()
    sent_at = duty.services.clock.now()
    for number in range(2, 6):
        duty.later(dt.timedelta(minutes=1))
        await duty.alarm(f"ref_{number}")
        await duty.send_due()
    before = duty.heard
    duty.later(APART - dt.timedelta(minutes=4))
    await duty.send_due()

    assert (before, duty.heard) == ([("refund_stuck", 1)], [("refund_stuck", 1), ("refund_stuck", 4)])
    assert {at for _, at in await duty.jobs()} == {sent_at, sent_at + APART}


async def test_what_is_raised_while_a_dispatch_goes_is_in_one_of_the_two(duty: Duty) -> None:
    await duty.alarm("ref_0")
    duty.later(GATHER)
    going = [duty.dispatches.send(dispatch_id) for dispatch_id, _ in await duty.jobs()]

    await asyncio.gather(*going, *(duty.alarm(f"ref_{number}") for number in range(1, 9)))
    duty.later(APART)
    await duty.send_due()

    told = [about for _, body in duty.server.heard for about in json.loads(body)["data"]["objects"]]
    assert sorted(told) == [f"ref_{number}" for number in range(9)]


async def test_kinds_go_apart_and_what_is_a_publishers_stays(duty: Duty) -> None:
    for kind in Alert:
        await duty.alarm("x_1", kind)
    duty.later(GATHER)
    await duty.send_due()

    operators = sorted(kind.removeprefix("yimen.alert.") for kind in Alert if WORDS[kind].admin)
    assert sorted(duty.heard) == [(kind, 1) for kind in operators]
    said = [body for _, body in duty.server.heard] + [sent for _, sent in duty.texts.sent]
    assert (len(said), [sent for sent in said if CANARY in sent]) == (2 * len(operators), [])


async def test_it_leads_to_where_something_can_be_done_about_all(duty: Duty) -> None:
    for merchant in ("tea_farm-1", "tea_farm-2"):
        await duty.alarm(merchant, Alert.PAYOUT_FAILED, merchant_id=merchant)
    await duty.alarm("tea_farm-3", Alert.BILL_MISSING)
    duty.later(GATHER)
    await duty.send_due()

    links = {body["type"]: body["data"]["link"] for body in (json.loads(body) for _, body in duty.server.heard)}
    assert links == {
        Alert.PAYOUT_FAILED: f"{PORTAL}/console",
        Alert.BILL_MISSING: f"{PORTAL}/console/reconciliation",
    }


async def test_a_server_that_is_away_hears_it_later_and_once(duty: Duty) -> None:
    duty.server.status = 503
    await duty.alarm("ref_1")
    duty.later(GATHER)
    failed = await duty.send_due()
    held_up = await duty.standing("webhook")
    await duty.alarm("ref_1")  # its job came again: it is told already
    await duty.alarm("ref_2")  # the message that failed is closed
    duty.server.status = 204
    await duty.send_due()
    await duty.send_due()

    assert failed == [dt.timedelta(seconds=10)]
    assert (held_up.waiting, held_up.error) == (1, "HTTP 503")
    assert duty.heard == [("refund_stuck", 1)] * 2
    assert len({headers["webhook-id"] for headers, _ in duty.server.heard}) == 1
    assert await duty.standing("webhook") == Standing(0, None, None, duty.services.clock.now())
    assert len(duty.texts.sent) == 1  # the telephone waited for nobody


async def test_a_sender_that_refuses_holds_up_nobody(duty: Duty) -> None:
    duty.texts.broken = True
    await duty.alarm("ref_1")
    duty.later(GATHER)
    failed = await duty.send_due()

    assert (failed, duty.heard) == ([dt.timedelta(seconds=10)], [("refund_stuck", 1)])
    assert (await duty.standing("phone-1")).error == "no credit left"


async def test_a_way_that_the_operator_took_away_keeps_nothing(duty: Duty) -> None:
    await duty.alarm("ref_1")
    duty.later(GATHER)
    duty.dispatches = Dispatches(duty.services, [])
    await duty.send_due()

    assert await duty.standing("webhook") == Standing(0, None, None, None)
    assert (duty.heard, duty.texts.sent) == ([], [])


async def test_what_still_waits_when_all_is_forgotten_is_told_again(duty: Duty) -> None:
    for quarters in range(3):
        await duty.alarm("ref_1")
        duty.later(GATHER)
        await duty.send_due()
        async with duty.services.database.transaction() as session:
            await session.execute(text("DELETE FROM procrastinate_jobs"))  # they are done
        duty.later(keeping.EVENTS * quarters)
        for past in PASTS:
            await forget(duty.services, past)

    assert duty.heard == [("refund_stuck", 1)] * 2


async def test_what_has_not_left_is_counted_with_when_it_was_due(duty: Duty) -> None:
    async def unsent() -> store.Unsent:
        async with duty.services.database.transaction() as session:
            return await store.unsent(session)

    first, told = duty.clock.now() + GATHER, [await unsent()]
    await duty.alarm("ref_1")
    told.append(await unsent())
    duty.later(GATHER)
    duty.texts.broken = True
    await duty.send_due()
    await duty.alarm("bat_1", Alert.PAYOUT_FAILED)
    told.append(await unsent())
    duty.later(APART)
    duty.texts.broken = False
    await duty.send_due()
    told.append(await unsent())

    assert told == [store.Unsent(0), store.Unsent(2, first), store.Unsent(3, first), store.Unsent(0)]


async def test_a_test_says_of_each_way_whether_it_takes(duty: Duty) -> None:
    duty.server.status = 410

    told = [(way.title, why) for way, why in await duty.dispatches.test()]

    assert told == [("127.0.0.1", "HTTP 410"), ("…0009", "")]
    assert duty.heard == [("test", 1)]
