"""Findings on the ways by which alerts leave the host: whether there are any, and whether they take what is sent."""

import datetime as dt
from dataclasses import dataclass

from yimen_host.core.services import Services
from yimen_host.identity.absent import NoSender
from yimen_host.notices.dispatches import store
from yimen_host.notices.dispatches.store import Standing
from yimen_host.notices.dispatches.ways import Way, ways
from yimen_host.runtime.extensions.loading import Extensions
from yimen_host.runtime.health.finding import Finding, Phrase, Verdict
from yimen_sdk.bilingual import Bilingual
from yimen_sdk.pages import CHINA

OVERDUE = dt.timedelta(minutes=10)
"""What was due so long ago waits because nobody sends it."""
_WAY = Bilingual(zh="警报去向 {way}", en="Alerts to {way}")
_LAST = Bilingual(zh="最近一条于 {when} 送达", en="the last message was taken at {when}")
_NONE = Bilingual(
    zh="还没有发过；可用 `yimen-host test-alert` 试发", en="none was sent yet; try `yimen-host test-alert`"
)
_UNTRIED = Bilingual(zh="没有人发送：任务进程在运行吗", en="nobody sends it: does the jobs worker run")
_SAID = Bilingual(zh="{error}", en="{error}")


@dataclass(frozen=True)
class AlertsStayInside(Finding):
    """Nobody hears of them who does not look."""

    verdict, of = Verdict.WARNING, Bilingual(zh="警报", en="Alerts")
    told = Bilingual(zh="只在控制台的消息里", en="they stay in the console's inbox")
    advice = Bilingual(
        zh="请设置 YIMEN_ALERT_WEBHOOK 或 YIMEN_ALERT_PHONES",
        en="set YIMEN_ALERT_WEBHOOK or YIMEN_ALERT_PHONES",
    )


@dataclass(frozen=True)
class AlertsTaken(Finding):
    """Whatever was due was taken."""

    verdict, of, told = Verdict.GOOD, _WAY, Bilingual(zh="{last}", en="{last}")
    way: str
    last: Phrase


@dataclass(frozen=True)
class AlertsHeldUp(Finding):
    """Something is due and not taken; it is tried again and again."""

    verdict, of = Verdict.BAD, _WAY
    told = Bilingual(
        zh="{waiting} 条没有送达，最早的应在 {since} 发出：{error}",
        en="{waiting} not taken, the oldest due at {since}: {error}",
    )
    advice = Bilingual(
        zh="修好以后会自动补发；可用 `yimen-host test-alert` 试发",
        en="once it is repaired they go by themselves; try `yimen-host test-alert`",
    )
    way: str
    waiting: int
    since: str
    error: Phrase


async def alerting(services: Services, loaded: Extensions) -> list[Finding]:
    """Look how each way does."""
    settings, overdue = services.settings, services.clock.now() - OVERDUE
    found = ways(settings, loaded.senders[0] if loaded.senders else NoSender())
    if not found:
        return [] if settings.demo else [AlertsStayInside()]
    async with services.database.transaction() as session:
        return [_judged(way, await store.standing(session, way.id, overdue)) for way in found]


def _judged(way: Way, standing: Standing) -> Finding:
    if standing.since is not None:
        error = Phrase(_SAID, {"error": standing.error}) if standing.error else Phrase(_UNTRIED)
        return AlertsHeldUp(way.title, standing.waiting, _when(standing.since), error)
    last = Phrase(_LAST, {"when": _when(standing.last_sent)}) if standing.last_sent else Phrase(_NONE)
    return AlertsTaken(way.title, last)


def _when(moment: dt.datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"
