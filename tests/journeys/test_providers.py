"""A resident pays at WeChat Pay and at Alipay, by their wire protocols, at the simulator that the demo brings along."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from tests.journeys.conftest import RESIDENT, pay, sign_in
from tests.journeys.test_bill import wallet
from tests.town import Town


def test_a_code_is_scanned_with_wechat_and_the_page_sees_it(visit: Callable[..., Page], town: Town) -> None:
    page = visit()
    before = top_up(page, town, "10")
    pay(page, "微信支付")

    expect(page.get_by_role("heading", name="请扫码付款")).to_be_visible()
    drawn = page.get_by_role("img", name="付款二维码").evaluate(
        "image => image.decode().then(() => image.naturalWidth)"
    )
    assert drawn > 0
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="不方便扫码？在这里打开付款页").click()
    phone = opened.value
    expect(phone.locator("body")).to_contain_text("¥10.00")
    phone.get_by_role("button", name=re.compile("^付款")).click()

    expect(page.get_by_role("heading", name="付款成功")).to_be_visible(timeout=20_000)  # it looks again by itself
    assert wallet(page, town) - before == 10_00


def test_who_cancels_at_alipay_is_not_charged_and_pays_anew(visit: Callable[..., Page], town: Town) -> None:
    page = visit()
    before = top_up(page, town, "25")
    cashier = page.url
    pay(page, "支付宝")
    page.get_by_role("button", name=re.compile("^取消")).click()

    expect(page.get_by_role("heading", name="付款未成功")).to_be_visible(timeout=20_000)
    refused = wallet(page, town)
    page.goto(cashier)
    pay(page, "支付宝")
    page.get_by_role("button", name=re.compile("^付款")).click()
    expect(page.get_by_role("heading", name="付款成功")).to_be_visible(timeout=20_000)

    assert (refused - before, wallet(page, town) - before) == (0, 25_00)


def top_up(page: Page, town: Town, amount: str) -> int:
    """Go to the cashier with an order that fills the wallet; tell what the wallet held before, in fen."""
    sign_in(page, town, RESIDENT.phone)
    before = wallet(page, town)
    page.get_by_label("充值金额（元）").fill(amount)
    page.get_by_role("button", name="去充值").click()
    page.wait_for_url(re.compile("/cashier/"))
    return before
