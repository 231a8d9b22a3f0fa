"""The inbox: quota, templates, and sources that repeat."""

import asyncio

import pytest
from tests.host.village import Village

from yimen_host.core.clock import ManualClock
from yimen_host.core.errors import Invalid
from yimen_host.core.outbox import OutboxEvent
from yimen_host.notices.inbox import PAGE, Notice, TooManyNotices
from yimen_host.notices.settled import WRITERS, tell
from yimen_host.runtime.quotas import Quota
from yimen_sdk.bilingual import Bilingual
from yimen_sdk.manifest import NoticeTemplate

NEWS = Notice(Bilingual(zh="通知", en="News"), Bilingual(zh="内容", en="Text"), "/payments/1")
READY = NoticeTemplate(
    id="ready",
    title=Bilingual(zh="茶好了", en="Tea is ready"),
    text=Bilingual(zh="{name}的第{number}号", en="Number {number} of {name}"),
)
A_DAY = Quota().notices
FILLED = {"name": "{number.__class__}", "number": "3"}


async def texts(here: Village, resident: str) -> list[str]:
    """The English texts in an inbox, the newest first."""
    return [row.text_en for row in await here.node.inbox.page(resident, None)]


async def test_the_same_source_twice_is_one_notice(here: Village) -> None:
    ada, inbox = await here.settle(), here.node.inbox

    for source in ("evt_1", "evt_1", "evt_2"):
        await inbox.put(ada, NEWS, source_id=source)

    assert (await inbox.unread(ada), await texts(here, ada), await inbox.unread(ada)) == (2, ["Text"] * 2, 0)


async def test_a_template_is_filled_in_both_languages_and_values_stay_values(here: Village) -> None:
    ada = await here.settle()

    await here.node.inbox.put_from_app("tea", ada, READY, FILLED, source_id="s1")

    (row,) = await here.node.inbox.page(ada, None)
    assert (row.title_zh, row.title_en, row.text_zh, row.text_en, row.link) == (
        "茶好了", "Tea is ready", "{number.__class__}的第3号", "Number 3 of {number.__class__}", "/apps/tea",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "faults"),
    [
        ({}, {"name": "missing", "number": "missing"}),
        ({**FILLED, "price": "8"}, {"price": "not in the template"}),
        ({**FILLED, "number": "3" * 81}, {"number": "longer than 80"}),
    ],
)
async def test_places_are_filled_all_and_only(here: Village, values: dict[str, str], faults: dict[str, str]) -> None:
    ada = await here.settle()

    with pytest.raises(Invalid) as refusal:
        await here.node.inbox.put_from_app("tea", ada, READY, values, source_id="s1")

    assert (refusal.value.faults, await texts(here, ada)) == (faults, [])


async def test_ten_notices_a_day_of_each_mini_app_to_each_resident(here: Village, clock: ManualClock) -> None:
    ada, bob = await here.settle(), await here.settle("13800000002", person=101)
    put = here.node.inbox.put_from_app
    for number in range(A_DAY):
        await put("tea", ada, READY, FILLED, source_id=f"s{number}")

    with pytest.raises(TooManyNotices):
        await put("tea", ada, READY, FILLED, source_id="one more")
    await put("coffee", ada, READY, FILLED, source_id="of another")
    await put("tea", bob, READY, FILLED, source_id="to another")
    clock.advance(days=1, seconds=1)
    await put("tea", ada, READY, FILLED, source_id="tomorrow")

    assert (len(await texts(here, ada)), len(await texts(here, bob))) == (A_DAY + 2, 1)


async def test_notices_sent_at_once_are_no_more_than_those_sent_in_turn(here: Village) -> None:
    ada = await here.settle()
    put = here.node.inbox.put_from_app

    answers = await asyncio.gather(
        *(put("tea", ada, READY, FILLED, source_id=f"s{number}") for number in range(3 * A_DAY)), return_exceptions=True
    )

    assert sorted(type(answer).__name__ for answer in answers) == ["NoneType"] * A_DAY + ["TooManyNotices"] * 2 * A_DAY
    assert len(await texts(here, ada)) == A_DAY


async def test_a_notice_that_is_there_already_is_not_one_too_many(here: Village) -> None:
    ada = await here.settle()
    for number in range(A_DAY):
        await here.node.inbox.put_from_app("tea", ada, READY, FILLED, source_id=f"s{number}")

    await here.node.inbox.put_from_app("tea", ada, READY, FILLED, source_id="s0")

    assert (len(await texts(here, ada)), here.node.inbox.refused) == (A_DAY, {})


async def test_a_long_inbox_comes_page_by_page(here: Village) -> None:
    ada = await here.settle()
    for number in range(PAGE + 3):
        await here.node.inbox.put(ada, NEWS, source_id=f"s{number}")

    first = await here.node.inbox.page(ada, None)
    second = await here.node.inbox.page(ada, first[-1].id)

    assert (len(first), len(second), len({row.id for row in [*first, *second]})) == (PAGE, 3, PAGE + 3)


@pytest.mark.parametrize("kind", sorted(WRITERS))
async def test_what_happened_to_money_is_told_once(here: Village, kind: str) -> None:
    ada = await here.settle()
    data = {"resident_id": ada, "order_id": "ord_1", "title": "一杯茶", "payee": "茶馆",
            "amount": {"fen": 123456, "currency": "CNY"}}  # fmt: skip
    now = here.services.clock.now()
    event = OutboxEvent(id="evt_1", type=kind, subject="ord_1", data=data, created_at=now, looked_at=now)

    for _ in range(2):
        await tell(here.node.inbox, event)

    (row,) = await here.node.inbox.page(ada, None)
    assert ("1,234.56" in row.text_zh, "1,234.56" in row.text_en, row.link) == (True, True, "/payments/ord_1")


async def test_an_event_that_needs_no_notice_makes_none(here: Village) -> None:
    ada = await here.settle()
    now = here.services.clock.now()
    event = OutboxEvent(id="evt_1", type="other", subject="x", data={}, created_at=now, looked_at=now)

    await tell(here.node.inbox, event)

    assert await texts(here, ada) == []


async def test_the_page_shows_ones_own_notices_alone(here: Village) -> None:
    ada, bob = await here.settle(), await here.settle("13800000002", person=101)
    await here.node.inbox.put_from_app("tea", ada, READY, {**FILLED, "name": "<b>ada</b>"}, source_id="s1")
    (ada_cookie, _), (bob_cookie, _) = await here.sign_in(ada), await here.sign_in(bob)

    async with here.browser(ada_cookie) as mine, here.browser(bob_cookie, language="en") as theirs:
        own, others = await mine.get("/notices"), await theirs.get("/notices")

    assert ("&lt;b&gt;ada&lt;/b&gt;的第3号" in own.text, "ada" in others.text) == (True, False)
