"""Alerts reach those who can do something, each of them once, and nobody else."""

from collections.abc import Mapping
from typing import Any

import pytest
from tests.host.raised import raised
from tests.host.village import Village

from yimen_host.core.alerts import Alert, raise_alert
from yimen_host.core.outbox import OutboxEvent, find_event
from yimen_host.identity import store
from yimen_host.notices.alerts import WORDS, tell
from yimen_host.ports import People

TEA = {
    "app_id": "tea", "order_id": "ord_1", "merchant_id": "tea_farm-1", "code": "farm-1", "name": "一号茶园",
    "title": "一杯茶", "fen": 123456, "reason": "HTTP 503", "zh": "沙箱银行", "en": "Sandbox bank",
    "day": "2026-11-18", "count": 3, "mini_app": "tea", "endpoint_id": "whk_1", "mib": 1024, "url": "https://shop.example/hooks",
}  # fmt: skip
LINKS = {
    Alert.REFUND_STUCK: {"admin": "/console/refunds", "publisher": "/developer/apps/tea/orders/ord_1"},
    Alert.REFUND_DECLINED: {"publisher": "/developer/apps/tea/orders/ord_1"},
    Alert.LATE_MONEY_STUCK: {"admin": "/console/refunds"},
    Alert.PAYOUT_FAILED: {
        "admin": "/console/merchants/tea_farm-1", "publisher": "/developer/apps/tea/merchants/farm-1",
    },
    Alert.BREAKS_OLD: {"admin": "/console/reconciliation"},
    Alert.BILL_MISSING: {"admin": "/console/reconciliation"},
    Alert.MERCHANTS_APPLIED: {"admin": "/console/merchants"},
    Alert.WEBHOOKS_DEAD: {"publisher": "/developer/apps/tea/webhooks/whk_1"},
    Alert.EVENTS_DEAD: {"publisher": "/developer/apps/tea/events"},
    Alert.DATABASE_NEARLY_FULL: {"publisher": "/developer/apps/tea"},
    Alert.DATABASE_FULL: {"admin": "/console/health", "publisher": "/developer/apps/tea"},
}  # fmt: skip


async def townspeople(here: Village) -> dict[str, str]:
    """An admin, the tea house's publisher, another mini-app's publisher, and a resident; by what they are."""
    people = {
        role: await here.settle(f"1380000000{number}", person=100 + number)
        for number, role in enumerate(("admin", "publisher", "rival", "resident"))
    }
    async with here.services.database.transaction() as session:
        await store.add_role(session, people["admin"], "admin")
    for role, app_id in (("publisher", "tea"), ("rival", "coffee")):
        by = people[role]
        founded = await here.node.registry.create_publisher(name=f"{app_id}-co", title=app_id, owner=by)
        await here.node.registry.reserve(app_id=app_id, distribution=f"yimen-{app_id}", publisher_id=founded.id, by=by)
    return people


async def alarm(here: Village, kind: Alert, data: Mapping[str, Any] = TEA) -> OutboxEvent:
    """An alert that was raised twice, as it is delivered."""
    now = here.services.clock.now()
    async with here.services.database.transaction() as session:
        assert [await raise_alert(session, kind, "x_1", data, now) for _ in range(2)] == [True, False]
        event = await find_event(session, f"{kind}:x_1")
    assert event is not None
    return event


@pytest.mark.parametrize("kind", sorted(Alert))
async def test_an_alert_is_told_once_to_each_who_answers_for_it(here: Village, kind: Alert) -> None:
    people = await townspeople(here)
    event = await alarm(here, kind)

    for _ in range(2):
        await tell(here.node.inbox, People(here.services, here.node.registry), event)

    links = {role: [row.link for row in await here.node.inbox.page(one, None)] for role, one in people.items()}
    assert links == {role: [LINKS[kind][role]] if role in LINKS[kind] else [] for role in people}
    assert await raised(here.services.database) == [(kind.removeprefix("yimen.alert."), "x_1")]


async def test_two_who_notice_at_once_raise_one_alert(here: Village) -> None:
    database, now = here.services.database, here.services.clock.now()

    async with database.transaction() as first:
        assert await raise_alert(first, Alert.REFUND_STUCK, "ref_1", TEA, now)
    async with database.transaction() as second:
        assert not await raise_alert(second, Alert.REFUND_STUCK, "ref_1", TEA, now)
        assert await raise_alert(second, Alert.REFUND_STUCK, "ref_2", TEA, now)

    assert await raised(database) == [("refund_stuck", "ref_1"), ("refund_stuck", "ref_2")]


async def test_the_words_say_how_much_and_whose(here: Village) -> None:
    people = await townspeople(here)
    event = await alarm(here, Alert.REFUND_STUCK)

    await tell(here.node.inbox, People(here.services, here.node.registry), event)

    (row,) = await here.node.inbox.page(people["admin"], None)
    assert (row.text_zh, row.text_en) == (
        "一杯茶，¥1,234.56：渠道不能自动退回，请处理。",
        "一杯茶, ¥1,234.56: the channel cannot return it by itself. Please see to it.",
    )


async def test_whoever_is_admin_and_publisher_hears_it_once(here: Village) -> None:
    people = await townspeople(here)
    async with here.services.database.transaction() as session:
        await store.add_role(session, people["publisher"], "admin")

    await tell(here.node.inbox, People(here.services, here.node.registry), await alarm(here, Alert.PAYOUT_FAILED))

    assert [row.link for row in await here.node.inbox.page(people["publisher"], None)] == [
        "/console/merchants/tea_farm-1"
    ]


async def test_a_platforms_own_order_is_its_admins_alone(here: Village) -> None:
    people = await townspeople(here)
    event = await alarm(here, Alert.REFUND_STUCK, {**TEA, "app_id": None})

    await tell(here.node.inbox, People(here.services, here.node.registry), event)

    assert [len(await here.node.inbox.page(one, None)) for one in people.values()] == [1, 0, 0, 0]


def test_every_alert_has_words() -> None:
    assert {kind: words.admin or words.publisher for kind, words in WORDS.items()}.keys() == set(Alert)
