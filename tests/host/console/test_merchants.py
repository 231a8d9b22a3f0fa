"""A publisher applies and is paid; an admin who is not of the publisher reviews."""

import re

import httpx
import pytest
from tests.host.payments.merchants import forms
from tests.host.payments.merchants.forms import WHO
from tests.host.village import Village

from yimen_host.core.clock import ManualClock
from yimen_host.identity import store
from yimen_host.payments import chart
from yimen_host.payments.ledger.draft import transfer
from yimen_sdk.money import yuan

OWN, REVIEW = "/developer/apps/tea/merchant", "/console/merchants/tea"
TERMS = {**forms.TERMS, "act": "approve", "reserve_bp": "0"}


async def person(here: Village, phone: str, who: int, *roles: str) -> tuple[str, httpx.AsyncClient]:
    """Somebody with duties, and their browser."""
    resident_id = await here.settle(phone, person=who)
    async with here.services.database.transaction() as session:
        for role in roles:
            await store.add_role(session, resident_id, role)
    cookie, _ = await here.sign_in(resident_id)
    return resident_id, here.browser(cookie)


@pytest.fixture
async def publisher(here: Village) -> httpx.AsyncClient:
    """The browser of the tea house's publisher, who is an admin too."""
    resident_id, browser = await person(here, "13800000002", 102, "admin")
    registry = here.node.registry
    founded = await registry.create_publisher(name="tea-co", title="茶叶合作社", owner=resident_id)
    await registry.reserve(app_id="tea", distribution="yimen-tea", publisher_id=founded.id, by=resident_id)
    return browser


async def test_a_merchant_is_reviewed_paid_and_reads_its_lines(
    here: Village, publisher: httpx.AsyncClient, clock: ManualClock
) -> None:
    _, admin = await person(here, "13800000003", 103, "admin")
    applied = await publisher.post(OWN, data=WHO)
    found = re.search(r'name="seen" value="(\w+)"', (await admin.get(REVIEW)).text)
    assert found is not None
    own_review = await publisher.post(REVIEW, data={**TERMS, "seen": found[1]})
    approved = await admin.post(REVIEW, data={**TERMS, "seen": found[1]})
    sale = transfer(
        "take:one", "ord_1", debit=chart.grants("test"), credit=chart.merchant_payable("tea"), amount=yuan("10.00")
    )
    await here.node.payments.ledger.post(sale)
    clock.advance(days=1)

    await here.node.payments.settling.due()

    (batch,) = await here.node.payments.settling.newest("tea")
    page, lines = await publisher.get(OWN), await publisher.get(f"{OWN}/{batch.id}.csv")
    assert [answer.status_code for answer in (applied, own_review, approved)] == [303, 409, 303]
    assert batch.state == "paid"
    assert "¥9.94" in page.text
    assert lines.text.split("\r\n")[1].endswith(",ord_1,take:one,1000,6")
    assert "6222020200112233" not in page.text + (await admin.get(REVIEW)).text


async def test_faults_stand_beside_their_fields(here: Village, publisher: httpx.AsyncClient) -> None:
    page = await publisher.post(OWN, data={**WHO, "credit_code": "91350100M000100Y44"})

    assert page.status_code == 422
    assert page.text.count("统一社会信用代码不正确，请核对") == 2
    assert await here.node.payments.merchants.find("tea") is None


async def test_somebody_else_finds_nothing(here: Village, publisher: httpx.AsyncClient) -> None:
    await publisher.post(OWN, data=WHO)
    _, stranger = await person(here, "13800000009", 109)

    answers = [
        await stranger.get(OWN),
        await stranger.get("/console/merchants"),
        await stranger.get(REVIEW),
        await stranger.post(REVIEW, data=TERMS),
    ]

    assert [answer.status_code in (403, 404, 409) for answer in answers] == [True] * 4
    found = await here.node.payments.merchants.find("tea")
    assert found is not None
    assert found.state == "applied"


async def test_a_fee_is_agreed_on_the_page_and_its_faults_are_told(here: Village, publisher: httpx.AsyncClient) -> None:
    await forms.approved(here.node.payments, "tea")
    _, admin = await person(here, "13800000003", 103, "admin")
    fee = {"act": "fee", "channel": "wallet", "rate": "25", "least": "0.10", "most": "", "from_day": "2026-11-21"}

    own = await publisher.post(REVIEW, data=fee)
    wrong = await admin.post(REVIEW, data={**fee, "rate": "9999", "from_day": "2026-11-01"})
    right = await admin.post(REVIEW, data=fee)

    assert [answer.status_code for answer in (own, wrong, right)] == [409, 422, 303]
    assert wrong.text.count("请选择今天或以后的日期") == 2
    agreed = await here.node.payments.merchant_fees.all("tea")
    assert [(row.channel, row.fee_bp, row.least_fen, row.most_fen) for row in agreed] == [
        ("", 60, 0, None), ("wallet", 25, 10, None),
    ]  # fmt: skip
    assert "¥0.10" in (await publisher.get(OWN)).text


async def test_a_sub_merchant_has_pages_of_its_own(here: Village, publisher: httpx.AsyncClient) -> None:
    led = await publisher.get("/developer/apps/tea/merchants", params={"code": "farm-1"})
    farm = led.headers["location"]
    applied = await publisher.post(farm, data=WHO)
    _, stranger = await person(here, "13800000009", 109)
    strange = await stranger.get(farm)

    found = await here.node.payments.merchants.find("tea_farm-1")
    assert (led.status_code, applied.status_code, strange.status_code) == (303, 303, 409)
    assert found is not None
    assert farm in (await publisher.get(OWN)).text
    odd = await publisher.post("/developer/apps/tea/merchants/Farm_1", data=WHO)
    assert [row.code for row in await here.node.payments.merchants.of_app("tea")] == ["farm-1"]
    assert odd.status_code == 404


async def test_an_admins_first_page_says_what_waits_and_a_reviewers_does_not(
    here: Village, publisher: httpx.AsyncClient
) -> None:
    await publisher.post(OWN, data=WHO)
    _, admin = await person(here, "13800000003", 103, "admin")
    _, reviewer = await person(here, "13800000004", 104, "reviewer")

    seen, unseen = (await admin.get("/console")).text, (await reviewer.get("/console")).text

    assert re.findall(r'href="/console/(merchants|refunds|reconciliation)"[^§]*?(\d 项待处理|</a>)', seen) == [
        ("merchants", "1 项待处理"), ("refunds", "</a>"), ("reconciliation", "</a>"),
    ]  # fmt: skip
    assert "/console/merchants" not in unseen
