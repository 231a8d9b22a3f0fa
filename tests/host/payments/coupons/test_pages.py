"""The pages of coupons as browsers meet them: who may see what, faults all at once, figures that are true."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from tests.host.village import Village

from yimen_host.identity import store

PLAN = {
    "title": "满100减10", "department": "商务局", "face": "10", "threshold": "100", "stock": "5", "budget": "50",
    "day_stock": "", "per_person": "1", "resident_regions": "520000", "merchant_regions": "", "stack_group": "",
    "claim_from": "2026-11-20T16:00", "claim_until": "2026-11-22T16:00",
    "use_from": "2026-11-20T16:00", "use_until": "2026-11-28T16:00", "class.life": "1",
}  # fmt: skip


@pytest.fixture
async def people(here: Village) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Browsers of a resident, a planner, and two who approve."""
    browsers = {}
    for number, (name, duty) in enumerate(
        (("resident", None), ("planner", "planner"), ("first", "approver"), ("second", "admin"))
    ):
        resident_id = await here.settle(f"1380000000{number}", person=100 + number)
        if duty is not None:
            async with here.services.database.transaction() as session:
                await store.add_role(session, resident_id, duty)
        cookie, _ = await here.sign_in(resident_id)
        browsers[name] = here.browser(cookie)
    yield browsers
    for browser in browsers.values():
        await browser.aclose()


async def running(people: dict[str, httpx.AsyncClient]) -> str:
    """The address of a campaign that was planned, approved and started by forms."""
    address = (await people["planner"].post("/console/campaigns/new", data=PLAN)).headers["location"]
    for name, act in (("first", "approve"), ("second", "approve"), ("planner", "start")):
        assert (await people[name].post(f"{address}/act", data={"act": act})).status_code == 303
    return str(address)


async def test_the_form_says_every_fault_at_once(people: dict[str, httpx.AsyncClient]) -> None:
    wrong = PLAN | {"title": "", "face": "200", "per_person": "21", "resident_regions": "Guiyang", "use_until": "soon"}

    page = await people["planner"].post("/console/campaigns/new", data=wrong)

    assert page.status_code == 422
    assert re.findall(r'class="y-fault" id="h-(\w+)"', page.text) == [
        "title", "threshold", "budget", "per_person", "resident_regions", "use_until",
    ]  # fmt: skip
    assert 'value="Guiyang"' in page.text


async def test_duties_are_kept_apart(here: Village, people: dict[str, httpx.AsyncClient]) -> None:
    address = (await people["planner"].post("/console/campaigns/new", data=PLAN)).headers["location"]

    tried = [
        (await people["resident"].get("/console/campaigns")).status_code,
        (await people["resident"].get(f"{address}/report.csv")).status_code,
        (await people["first"].post("/console/campaigns/new", data=PLAN)).status_code,
        (await people["planner"].post(f"{address}/act", data={"act": "approve"})).status_code,
        (await people["first"].post(f"{address}/act", data={"act": "start"})).status_code,
        (await people["first"].post(f"{address}/act", data={"act": "exhaust"})).status_code,
    ]

    assert tried == [403, 403, 403, 403, 403, 422]
    (row,) = await here.node.payments.coupons.planning.all()
    assert (row.state, row.first_approver) == ("draft", None)


async def test_a_resident_claims_and_the_desk_sees_it(here: Village, people: dict[str, httpx.AsyncClient]) -> None:
    address = await running(people)
    campaign = address.rsplit("/", 1)[1]

    told = await people["resident"].post(f"/coupons/{campaign}/claim", data={"slot": "1"}, follow_redirects=True)
    again = await people["resident"].post(f"/coupons/{campaign}/claim", data={"slot": "1"}, follow_redirects=True)
    live = await people["first"].get(f"{address}/live")
    table = await people["first"].get(f"{address}/report.csv")

    assert "领取成功" in told.text
    assert "您已经领过这张券了" in again.text
    assert "1 / 5" in live.text
    assert live.text.count("<rect") == 1
    assert (await here.node.payments.coupons.planning.find(campaign)).resident_regions == ["52"]
    assert re.fullmatch(
        r"\ufeffsection,code,name,issued,used,coupons_yuan,orders_yuan\r\nregion,52\d{4},贵州省\S+,1,0,0.00,0.00\r\n",
        table.text,
    )


async def test_who_is_not_verified_hears_it_from_the_page(here: Village, people: dict[str, httpx.AsyncClient]) -> None:
    address = await running(people)
    stranger = await here.settle("13900000000", person=None)
    cookie, _ = await here.sign_in(stranger)
    async with here.browser(cookie) as browser:
        page = await browser.get("/coupons")
        told = await browser.post(f"/coupons/{address.rsplit('/', 1)[1]}/claim", follow_redirects=True)

    assert "去实名认证" in page.text
    assert "请先完成实名认证" in told.text


async def test_a_planner_takes_a_coupon_back_and_the_log_says_why(people: dict[str, httpx.AsyncClient]) -> None:
    address = await running(people)
    await people["resident"].post(f"/coupons/{address.rpartition('/')[2]}/claim", data={"slot": "1"})
    number = re.search(r"券号 (\S+)</span>", (await people["resident"].get("/coupons")).text)
    assert number

    form = {"coupon": number[1], "reason": "冒领"}
    first_tries = [
        (await people[name].post(f"{address}/revoke", data=form)).status_code for name in ("resident", "first")
    ]
    nothing = await people["planner"].post(f"{address}/revoke", data=form | {"reason": ""})
    done, again = [await people["planner"].post(f"{address}/revoke", data=form) for _ in range(2)]

    assert (first_tries, nothing.status_code, done.status_code, again.status_code) == ([403, 403], 422, 303, 422)
    assert "没有这张券" in again.text
    assert "冒领" in (await people["second"].get(address)).text
    assert "已作废" in (await people["resident"].get("/coupons")).text
