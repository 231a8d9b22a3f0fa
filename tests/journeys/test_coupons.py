"""A coupon's way: planned, approved by two, claimed, used for a bill at the cashier, on the receipt, given back."""

import re
from collections.abc import Callable

import httpx
from playwright.sync_api import Page, expect
from tests.journeys.conftest import ADMIN, RESIDENT, pay, sign_in
from tests.journeys.test_bill import fen, link_and_choose, mini_app, open_app, wallet
from tests.town import Town

from yimen_host.cli.demo import COUPON_DESK

PLANNER, APPROVER = COUPON_DESK
TITLE, DEMO = "夏季电费券", "贵州消费券"


def test_a_campaign_from_the_plan_to_a_paid_bill(visit: Callable[..., Page], town: Town) -> None:
    desk = {"viewport": {"width": 1280, "height": 900}}
    planner = visit(**desk)
    sign_in(planner, town, PLANNER.phone)
    planner.goto(f"{town.origin}/console/campaigns")
    planner.get_by_role("link", name="策划新活动").click()
    planner.get_by_role("button", name="提交审批").click()
    expect(planner.get_by_role("alert")).to_contain_text("活动名称为1至40个字")
    expect(planner.locator(".y-field--bad")).to_have_count(10)
    plan(planner)
    expect(planner.get_by_role("heading", name=TITLE)).to_be_visible()
    expect(planner.get_by_role("button", name="批准")).to_have_count(0)
    campaign = planner.url

    for who in (APPROVER, ADMIN):
        approver = visit(**desk)
        sign_in(approver, town, who.phone)
        approver.goto(campaign)
        approver.get_by_role("button", name="批准").click()
        expect(approver.get_by_role("button", name="批准")).to_have_count(0)
    planner.goto(campaign)
    planner.get_by_role("button", name="启动并拨付预算").click()
    expect(planner.locator("#live")).to_contain_text("¥1,000.00")

    page = visit()
    sign_in(page, town, RESIDENT.phone)
    page.goto(f"{town.origin}/coupons")
    page.locator("article", has_text=TITLE).get_by_role("button", name="立即领取").click()
    expect(page.get_by_role("status")).to_contain_text("领取成功")
    expect(page.locator("article", has_text=TITLE)).to_contain_text("您已领到上限")
    expect(planner.locator("#live")).to_contain_text("1 / 50")  # by itself

    before = wallet(page, town)
    open_app(page, town)
    _, amount = link_and_choose(mini_app(page, town), "0520100060")
    mini_app(page, town).get_by_role("button", name=re.compile("去缴费")).first.click()
    page.wait_for_url(re.compile("/cashier/"))
    order = page.url.rsplit("/", 1)[1]
    expect(page.get_by_label(TITLE)).to_be_checked()
    pay(page, coupon=TITLE)
    expect(page.get_by_role("heading", name="付款成功")).to_be_visible()

    expect(page.locator("dl")).to_contain_text("消费券抵扣")
    assert before - wallet(page, town) == fen(amount) - 20_00
    page.goto(f"{town.origin}/payments/{order}")
    expect(page.locator("dl")).to_contain_text(TITLE)
    page.goto(f"{town.origin}/coupons")
    expect(page.locator("li", has_text=TITLE)).to_contain_text("已使用")
    expect(planner.locator("#live")).to_contain_text("生活缴费")


def test_a_refund_gives_the_coupon_back(visit: Callable[..., Page], town: Town) -> None:
    number = "0520100070"
    page = visit()
    sign_in(page, town, RESIDENT.phone)
    page.goto(f"{town.origin}/coupons")
    page.locator("article", has_text=DEMO).get_by_role("button", name="立即领取").click()
    expect(page.locator("li", has_text=DEMO)).to_contain_text("可使用")
    before = wallet(page, town)
    open_app(page, town)
    period, amount = link_and_choose(mini_app(page, town), number)
    mini_app(page, town).get_by_role("button", name=re.compile("去缴费")).first.click()
    page.wait_for_url(re.compile("/cashier/"))
    order = page.url.rsplit("/", 1)[1]
    pay_elsewhere(town, number, period, fen(amount))  # so that the power company will not take ours

    pay(page, coupon=DEMO)

    page.goto(f"{town.origin}/payments/{order}")
    for _ in range(60):
        if page.get_by_text("已退款").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator("main")).to_contain_text("已退款")
    assert wallet(page, town) == before
    page.goto(f"{town.origin}/coupons")
    expect(page.locator("li", has_text=DEMO)).to_contain_text("可使用")


def pay_elsewhere(town: Town, number: str, period: str, amount: int) -> None:
    """Somebody else pays the bill."""
    bills = httpx.get(f"{town.biller}/accounts/{number}/bills", timeout=10).json()["bills"]
    assert amount == next(bill["fen"] for bill in bills if bill["period"] == period)
    asked = {"sequence": "elsewhere-1", "number": number, "period": period, "fen": amount}
    told = httpx.post(f"{town.biller}/payments", json=asked, timeout=30)
    assert told.json()["outcome"] == "confirmed"


def plan(page: Page) -> None:
    """Fill in the form of a campaign and send it."""
    for label, value in {
        "活动名称": TITLE, "出资单位": "省能源局（演示）", "面额（元）": "20", "使用门槛（元）": "30",
        "发放张数": "50", "预算（元）": "1000", "领取人户籍地区": "520000",
        "开始领取": "2026-01-01T09:00", "结束领取": "2099-01-01T00:00",
        "开始使用": "2026-01-01T09:00", "结束使用": "2099-02-01T00:00",
    }.items():  # fmt: skip
        page.get_by_label(label).fill(value)
    page.get_by_label("生活缴费").check()
    page.get_by_role("button", name="提交审批").click()
