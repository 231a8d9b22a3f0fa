"""The ways that the settings name, what `doctor` says of them, and the command that tries them."""

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from tests.host.receiver import receiver

from yimen_host.core.clock import ManualClock
from yimen_host.core.services import Services
from yimen_host.notices.dispatches import store
from yimen_host.notices.dispatches.models import DispatchRow
from yimen_host.runtime.extensions.loading import Extensions
from yimen_host.runtime.health.alerting import OVERDUE, AlertsHeldUp, AlertsStayInside, AlertsTaken, alerting
from yimen_host.runtime.health.finding import Finding
from yimen_host.settings import Settings

SECRET = "whsec_" + "c2VjcmV0" * 4
URL = "https://duty.example/hook?key=k"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"alert_webhook": URL}, "set YIMEN_ALERT_SECRET, too"),
        ({"alert_webhook": "duty.example", "alert_secret": SECRET}, "an address such as"),
        ({"alert_secret": "whsec_c2hvcnQ="}, "24 to 64 bytes"),
        ({"alert_secret": SECRET.removeprefix("whsec_")}, "24 to 64 bytes"),
        ({"alert_phones": "13800000009,night shift"}, "match pattern"),
    ],
)
def test_a_way_that_cannot_work_is_refused_at_start(wrong: dict[str, str], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate(wrong)

    assert [told in fault["msg"] for fault in refused.value.errors()] == [True]


async def look(services: Services, **settings: object) -> list[Finding]:
    """What a look at the ways finds."""
    changed = services.settings.model_copy(update=settings)
    return await alerting(replace(services, settings=changed), Extensions())


async def test_a_host_whose_alerts_stay_inside_says_so(services: Services) -> None:
    assert await look(services, demo=False) == [AlertsStayInside()]
    assert await look(services, demo=True) == []


async def test_each_way_says_how_it_does(services: Services, clock: ManualClock) -> None:
    ways = {"alert_webhook": URL, "alert_secret": SecretStr(SECRET), "alert_phones": ("13800000009",)}
    async with services.database.transaction() as session:
        for way in ("webhook", "phone-1"):
            row = DispatchRow(id=way, way=way, kind="k", due_at=clock.now())
            await store.open_one(session, row)
    quiet = await look(services, **ways)
    clock.advance(seconds=OVERDUE.total_seconds() + 1)
    nobody_sends = await look(services, **ways)
    async with services.database.transaction() as session:
        await store.note(session, "webhook", error="HTTP 503", now=clock.now())
        await store.note(session, "phone-1", error=None, now=clock.now())
    sent = await look(services, **ways)

    assert [type(finding) for finding in quiet] == [AlertsTaken, AlertsTaken]
    assert [finding.say("en").told for finding in quiet] == ["none was sent yet; try `yimen-host test-alert`"] * 2
    assert [finding.say("en").told for finding in nobody_sends] == [
        "1 not taken, the oldest due at 2026-11-21 16:00: nobody sends it: does the jobs worker run"
    ] * 2
    assert [(type(finding), finding.say("zh").of, finding.say("zh").told) for finding in sent] == [
        (AlertsHeldUp, "警报去向 duty.example", "1 条没有送达，最早的应在 2026-11-21 16:00 发出：HTTP 503"),
        (AlertsTaken, "警报去向 …0009", "最近一条于 2026-11-21 16:10 送达"),
    ]


async def test_the_command_tries_every_way(migrated_url: str, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YIMEN_")}
    environment |= {"YIMEN_VAR": str(tmp_path), "YIMEN_DATABASE_URL": migrated_url, "YIMEN_DEMO": "1"}

    def tried(**more: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "yimen_host.cli", "test-alert"]
        done = subprocess.run(command, env=environment | more, capture_output=True, text=True)
        return done.returncode, done.stdout

    async with receiver() as (server, url):
        ways = {"YIMEN_ALERT_WEBHOOK": url, "YIMEN_ALERT_SECRET": SECRET, "YIMEN_ALERT_PHONES": "13800000009"}
        good = await asyncio.to_thread(tried, **ways)
        server.status = 500
        bad = await asyncio.to_thread(tried, **ways)

    assert (good, bad) == ((0, "127.0.0.1: taken\n…0009: taken\n"), (1, "127.0.0.1: HTTP 500\n…0009: taken\n"))
