"""What is long done costs pages and mini-apps' calls nothing: rows read are counted, never time."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import text
from tests.host.village import Village
from tests.host.volume.province import APP, QUIET, RESIDENT
from tests.host.volume.watching import MOST, UNTIL_PLANNED_FOR_GOOD, watching

from yimen_host.core import deadletters
from yimen_host.identity import store as identity
from yimen_host.notices import store as notices
from yimen_host.payments.orders import OrderState
from yimen_host.payments.reconciliation.store import sides
from yimen_host.payments.store import search

ORDER = "ord_00000000000000000000000100"
RESIDENTS = (
    "/", "/notices", "/me", "/me/data", "/me/sessions", "/me/consents", "/payments", f"/payments/{ORDER}", "/wallet",
    "/wallet/statement?month=2022-05", "/wallet/statement?month=2026-11", "/coupons",
)  # fmt: skip
PUBLISHERS = (
    "/developer", f"/developer/apps/{APP}", f"/developer/apps/{APP}/orders", f"/developer/apps/{APP}/orders/{ORDER}",
    f"/developer/apps/{APP}/events", f"/developer/apps/{APP}/webhooks", f"/developer/apps/{APP}/webhooks/hook_{APP}",
    f"/developer/apps/{QUIET}/webhooks/hook_{QUIET}", f"/developer/apps/{APP}/merchant", "/developer/publishers/pub",
)  # fmt: skip
ADMINS = (
    "/console/merchants", "/console/refunds", "/console/reconciliation",
    "/console/reconciliation/breaks/brk_00000000000000000000000100", "/console/campaigns", "/console/campaigns/cam_2",
    "/console/campaigns/cam_2/live", "/console/log", f"/console/apps/{APP}", "/console/extensions",
)  # fmt: skip
DEAD_LETTERS = (
    "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, status) SELECT 'outbox', 'yimen.deliver', 'app:tea:x'"
    " || n, 'failed' FROM generate_series(1, 2000) AS n"
)

# Without statistics PostgreSQL may read and sort all that one owner has for a page of it.
pytestmark = pytest.mark.parametrize("province", ["analysed"], indirect=True)


@pytest.mark.parametrize("addresses", [RESIDENTS, PUBLISHERS, ADMINS], ids=["resident", "publisher", "admin"])
async def test_what_is_long_done_costs_pages_nothing(
    here: Village, browser: httpx.AsyncClient, addresses: Sequence[str]
) -> None:
    answers, read = {}, {}

    for address in addresses:
        with watching(here.services.database) as watched:
            answers[address] = (await browser.get(address)).status_code
        read[address] = watched.over(MOST)

    assert answers == dict.fromkeys(addresses, 200)
    assert read == {address: {} for address in addresses}


async def test_what_is_long_done_costs_calls_nothing(here: Village) -> None:
    database, now = here.services.database, here.services.clock.now()
    day = now - dt.timedelta(days=1)
    async with database.transaction() as session:
        await session.execute(text(DEAD_LETTERS))

    for _ in range(UNTIL_PLANNED_FOR_GOOD):
        with watching(database) as watched:
            async with database.transaction() as session:
                await notices.sent_since(session, APP, RESIDENT, day)
                await identity.codes_since(session, RESIDENT, day)
                await notices.page(session, RESIDENT, "ntc_00000000000000000000001000", 20)
                for state in OrderState:
                    first = search.Search(states=(state,))
                    page = await search.found(session, search.OfApp(APP), first, 20)
                    if page:
                        await search.found(session, search.OfApp(APP), replace(first, after=page[-1]), 20)
                for reference in ("no 100", "no such"):
                    await search.found(session, search.OfApp(APP), search.Search(reference=reference), 20)
                    await sides.by_reference(session, APP, reference)
                await sides.by_number(session, ORDER.replace("ord", "att"))
                await deadletters.require_turn(session, 10**9, f"app:{APP}", ORDER)

    assert watched.over(MOST) == {}


async def test_a_rare_word_is_looked_for_in_several_steps(here: Village) -> None:
    database, orders, first = here.services.database, here.node.payments.orders, "ord_00000000000000000000000002"
    asked = search.Search(words=("头一杯",), newest_first=True)
    async with database.transaction() as session:
        await session.execute(text("UPDATE payment_order SET title = '头一杯' WHERE id = :id"), {"id": first})

    pages: list[list[str]] = []
    before = None
    with watching(database) as watched:
        while not pages or before:
            page = await orders.page(search.OfApp(APP), asked, before=before)
            pages.append([row.id for row in page.orders])
            before = page.more
        numbered = await orders.page(search.OfApp(APP), replace(asked, words=(first,)), before=None)

    assert pages == [[], [], [first], []]
    assert [row.id for row in numbered.orders] == [first]
    assert watched.over(search.LOOKED_AT + MOST) == {}


async def test_a_day_is_compared_without_reading_the_others(here: Village) -> None:
    reconciling = here.node.payments.reconciling
    day = reconciling.today() - dt.timedelta(days=400)

    with watching(here.services.database) as watched:
        run = await reconciling.run("sandbox-bank", day)

    assert run.lines_here > 0
    assert watched.over(MOST) == {}
