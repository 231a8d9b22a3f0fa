"""The console of reconciliation and of stuck refunds, and that it is an admin's only."""

import re
from dataclasses import replace

import httpx
import pytest
from tests.host.payments.conftest import OnePassword
from tests.host.payments.reconciliation.conftest import BANK, FRIDAY, BillingBank, Scene
from tests.host.village import Village

from yimen_host.core.clock import ManualClock
from yimen_host.identity import store
from yimen_host.payments.channels.channel import PersonNeeded
from yimen_host.payments.store import orders
from yimen_sdk.money import yuan

HOME = "/console/reconciliation"


@pytest.fixture
async def scene(here: Village, clock: ManualClock) -> Scene:
    """The village's own payments with a bank whose bill can be spoiled."""
    payments = here.node.payments
    assert payments.bank is not None
    bank = BillingBank(payments.bank)
    payments.channels[BANK] = bank
    payments.till = replace(payments.till, password=OnePassword())
    return Scene(payments, bank, clock)


async def admin(here: Village, phone: str = "13800000003", person: int = 103) -> httpx.AsyncClient:
    """An admin's browser."""
    resident_id = await here.settle(phone, person=person)
    async with here.services.database.transaction() as session:
        await store.add_role(session, resident_id, "admin")
    cookie, _ = await here.sign_in(resident_id)
    return here.browser(cookie)


async def missing_there(scene: Scene) -> None:
    """A payment that Friday's bill does not have."""
    paid = await scene.pay("3.00")
    scene.bank.instead = {paid.id: []}
    scene.clock.advance(days=1)


async def test_a_quiet_day_is_not_told_as_a_bill_that_is_late(here: Village, scene: Scene) -> None:
    scene.clock.advance(days=1)
    browser = await admin(here)
    scene.bank.silent = True
    await browser.post(HOME, data={"source": BANK, "day": FRIDAY.isoformat()})
    late = await browser.get(HOME)
    scene.bank.silent, scene.bank.says_none = False, True
    await browser.post(HOME, data={"source": BANK, "day": FRIDAY.isoformat()})

    quiet = await browser.get(HOME)

    assert [("账单未到" in page.text, "当日无交易" in page.text) for page in (late, quiet)] == [
        (True, False),
        (False, True),
    ]


async def test_an_admin_runs_a_day_and_sees_the_one_number(here: Village, scene: Scene) -> None:
    await missing_there(scene)
    browser = await admin(here)

    sent = await browser.post(HOME, data={"source": BANK, "day": FRIDAY.isoformat()})
    page = await browser.get(HOME)
    wrong = await browser.post(HOME, data={"source": "wallet", "day": "tomorrow"})

    number = re.search(r'id="unexplained">([^<]+)<', page.text)
    assert (sent.status_code, sent.headers["location"]) == (303, HOME)
    assert number is not None
    assert number[1] == "-¥3.00"
    assert "对方账单缺失" in page.text
    assert (wrong.status_code, "请选择对账方" in wrong.text) == (422, True)


async def test_two_admins_write_a_difference_off(here: Village, scene: Scene) -> None:
    await missing_there(scene)
    ann, ben = await admin(here), await admin(here, "13800000004", 104)
    await ann.post(HOME, data={"source": BANK, "day": FRIDAY.isoformat()})
    place = f"{HOME}/breaks/{await scene.only_break()}"

    answers = [await ann.post(place, data={"act": act}) for act in ("assign", "propose", "write_off")]
    offered = [(await browser.get(place)).text.count('value="write_off"') for browser in (ann, ben)]
    agreed = await ben.post(place, data={"act": "write_off"})

    assert [answer.status_code for answer in (*answers, agreed)] == [303, 303, 409, 303]
    assert offered == [0, 1]
    assert await scene.unexplained() == 0
    assert "经两人同意核销" in (await ann.get(place)).text


async def test_an_admin_ends_a_refund_that_waits_for_a_person(here: Village, scene: Scene) -> None:
    scene.bank.answers = [PersonNeeded("a closed card")]
    paid = await scene.pay("3.00")
    async with scene.payments.services.database.transaction() as session:
        order = await orders.find(session, paid.order_id)
        assert order is not None
        refund = await scene.payments.refunding.request(session, order, yuan("3.00"), reason="cold", key="k")
    await scene.payments.refunding.proceed(refund.id)
    browser, place = await admin(here), "/console/refunds"

    before = await browser.get(place)
    sent = [await browser.post(place, data={"refund": refund.id, "act": "returned"}) for _ in range(2)]

    assert refund.id in before.text
    assert [answer.status_code for answer in sent] == [303, 404]
    assert (await scene.payments.refunding.proceed(refund.id)).state == "succeeded"
    assert refund.id not in (await browser.get(place)).text


async def test_a_resident_finds_neither_breaks_nor_refunds(here: Village, scene: Scene) -> None:
    await missing_there(scene)
    await scene.payments.reconciling.run(BANK, FRIDAY)
    cookie, _ = await here.sign_in(await here.settle())
    browser = here.browser(cookie)
    places = (HOME, f"{HOME}/breaks/{await scene.only_break()}", "/console/refunds")

    answers = [await browser.get(place) for place in places]
    posted = await browser.post(places[1], data={"act": "suspense"})

    assert {answer.status_code for answer in (*answers, posted)} == {403}
    assert await scene.unexplained() == -300
