"""A resident pays a power bill: the newcomer's whole way, and what happens when it is disturbed."""

import re
from collections.abc import Callable

import httpx
from playwright.sync_api import Frame, Page, expect
from tests.journeys.conftest import RESIDENT, agree, pay, sign_in
from tests.town import Town

from yimen_host.cli.demo import PIN
from yimen_host.identity.sandbox import population

PASSWORD = "river stone 7"
NOBODY, TAKEN, MINE = population()[10], population()[RESIDENT.person], population()[11]


def test_a_newcomer_goes_from_the_phone_number_to_a_paid_bill(visit: Callable[..., Page], town: Town) -> None:
    page = visit()
    page.get_by_role("link", name="用手机号注册").click()
    page.get_by_label("手机号").fill("13911112222")
    page.get_by_role("button", name="获取验证码").click()
    inbox = page.context.new_page()
    inbox.goto(f"{town.origin}/sandbox/inbox")
    told = inbox.locator("li", has_text="13911112222").inner_text()
    inbox.close()
    code = re.search(r"验证码 (\d{6})", told)
    assert code is not None
    page.get_by_label("验证码").fill(code[1])
    page.get_by_label("设置密码").fill(PASSWORD)
    page.get_by_role("button", name="注册").click()

    expect(page.get_by_role("heading", name="实名认证")).to_be_visible()
    for name, number, message in (
        (MINE.name, MINE.number[:-1] + ("0" if MINE.number[-1] != "0" else "1"), "身份证号校验不通过"),
        (NOBODY.name, MINE.number, "姓名与身份证号不一致"),
        (TAKEN.name, TAKEN.number, "已经绑定了另一个账号"),
    ):
        page.get_by_label("姓名").fill(name)
        page.get_by_label("身份证号").fill(number)
        page.get_by_role("button", name="提交核验").click()
        expect(page.locator(".y-fault")).to_contain_text(message)
    page.get_by_label("姓名").fill(MINE.name)
    page.get_by_label("身份证号").fill(MINE.number)
    page.get_by_role("button", name="提交核验").click()
    expect(page.get_by_role("heading", name=f"您好，{MINE.name}")).to_be_visible()

    page.goto(f"{town.origin}/me/payment-password")
    page.get_by_label("支付密码").fill(PIN)
    page.get_by_label("再输一次").fill(PIN)
    page.get_by_label("登录密码").fill(PASSWORD)
    page.get_by_role("button", name="保存").click()
    page.goto(town.origin)

    page.locator("a.y-tile", has_text="生活缴费").click()
    expect(page.get_by_text("核对户主姓名，避免交错户")).to_be_visible()
    agree(page, leaving_out=["姓名"])
    app = mini_app(page, town)
    assert MINE.name not in app.locator("body").inner_text()
    period, amount = link_and_choose(app, "0520100010")
    expect(app.get_by_role("img", name="最近12个月用电")).to_be_visible()
    app.get_by_role("button", name=re.compile("去缴费")).first.click()

    page.wait_for_url(re.compile("/cashier/"))
    expect(page.locator(".y-amount--big")).to_have_text(amount)
    expect(page.locator("dl")).to_contain_text("贵州电网（演示）")
    pay(page, "沙箱银行")
    page.get_by_role("button", name=re.compile("确认")).click()
    expect(page.get_by_role("heading", name="付款成功")).to_be_visible(timeout=20_000)
    page.get_by_role("link", name="返回", exact=True).click()
    expect(mini_app(page, town).get_by_role("heading", name="缴费成功")).to_be_visible(timeout=20_000)

    page.goto(f"{town.origin}/payments")
    expect(page.locator("main")).to_contain_text(amount.removeprefix("¥"))
    page.goto(f"{town.origin}/notices")
    expect(page.locator("main")).to_contain_text("缴费成功")
    page.goto(f"{town.origin}/me/data")
    expect(page.locator("main")).to_contain_text("还没有任何小程序读取过您的信息")
    assert bill_is_paid(town, "0520100010", period)


def test_back_and_two_tabs_charge_once(visit: Callable[..., Page], town: Town) -> None:
    page = visit()
    sign_in(page, town, RESIDENT.phone)
    before = wallet(page, town)
    open_app(page, town)
    period, amount = link_and_choose(mini_app(page, town), "0520100020")
    mini_app(page, town).get_by_role("button", name=re.compile("去缴费")).first.click()
    page.wait_for_url(re.compile("/cashier/"))
    second = page.context.new_page()
    second.goto(page.url)

    pay(page)
    expect(page.get_by_role("heading", name="付款成功")).to_be_visible()
    pay(second)
    expect(second.locator("main")).to_contain_text("付款成功")
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", name="付款成功")).to_be_visible()

    expect(second.locator("main")).to_contain_text(amount.removeprefix("¥"))
    assert before - wallet(page, town) == fen(amount)
    expect_paid(page, town, "0520100020", period)


def test_a_tab_closed_at_the_bank_is_settled_from_the_account(visit: Callable[..., Page], town: Town) -> None:
    page = visit()
    sign_in(page, town, RESIDENT.phone)
    open_app(page, town)
    period, _ = link_and_choose(mini_app(page, town), "0520100030")
    mini_app(page, town).get_by_role("button", name=re.compile("去缴费")).first.click()
    page.wait_for_url(re.compile("/cashier/"))
    cashier = page.url
    pay(page, "沙箱银行")
    bank = page.url
    page.close()

    again = page.context.new_page()
    again.goto(f"{cashier}/result")
    expect(again.get_by_role("heading", name="等待您确认付款")).to_be_visible()
    again.goto(bank)
    again.get_by_role("button", name=re.compile("确认")).click()
    expect(again.get_by_role("heading", name="付款成功")).to_be_visible(timeout=20_000)

    expect_paid(again, town, "0520100030", period)


def test_a_silent_biller_leaves_the_truth_on_screen(visit: Callable[..., Page], town: Town) -> None:
    number = "0520100050"
    fault(town, number, "silent_before")
    page = visit()
    sign_in(page, town, RESIDENT.phone)
    before = wallet(page, town)
    open_app(page, town)
    period, amount = link_and_choose(mini_app(page, town), number)
    mini_app(page, town).get_by_role("button", name=re.compile("去缴费")).first.click()
    page.wait_for_url(re.compile("/cashier/"))
    pay(page)
    page.get_by_role("link", name="返回", exact=True).click()

    expect(mini_app(page, town).get_by_role("heading", name="已付款，正在确认")).to_be_visible(timeout=30_000)
    assert not bill_is_paid(town, number, period)
    fault(town, number, "none")
    expect(mini_app(page, town).get_by_role("heading", name="缴费成功")).to_be_visible(timeout=60_000)

    assert bill_is_paid(town, number, period)
    assert before - wallet(page, town) == fen(amount)


def test_without_javascript_a_bill_is_paid_too(visit: Callable[..., Page], town: Town) -> None:
    page = visit(java_script_enabled=False)
    sign_in(page, town, RESIDENT.phone)
    page.goto(f"{town.origin}/apps/utilities")
    if "/consent/" in page.url:
        agree(page)
    page.wait_for_url(re.compile(re.escape(town.app("utilities"))))
    page.get_by_label("户号", exact=True).fill("0520100040")
    page.get_by_role("button", name="查询并关联").click()
    page.get_by_role("button", name=re.compile("去缴费")).first.click()
    page.wait_for_url(re.compile(re.escape(town.origin) + "/cashier/"))

    pay(page)

    expect(page.get_by_role("heading", name="付款成功")).to_be_visible()


def open_app(page: Page, town: Town) -> None:
    """Open Utilities from the home page, granting what it asks for when it asks."""
    page.goto(town.origin)
    page.locator("a.y-tile", has_text="生活缴费").click()
    page.wait_for_load_state()
    if "/consent/" in page.url:
        agree(page)


def mini_app(page: Page, town: Town) -> Frame:
    """The mini-app's frame inside the shell."""
    page.wait_for_selector("iframe")
    for _ in range(100):
        for frame in page.frames:
            if frame.url.startswith(town.app("utilities")) and "/.yimen/" not in frame.url:
                return frame
        page.wait_for_timeout(100)
    raise AssertionError([frame.url for frame in page.frames])


def link_and_choose(app: Frame, number: str) -> tuple[str, str]:
    """Link an account; tell the period and amount of its first unpaid bill, whose tiers add up to it."""
    app.get_by_label("户号", exact=True).fill(number)
    app.get_by_role("button", name="查询并关联").click()
    bill = app.locator("section", has=app.get_by_role("button", name=re.compile("去缴费"))).first
    bill.get_by_text("金额怎么来的").click()
    amount = bill.locator(".y-amount--big").inner_text()
    assert bill.locator("tbody tr").last.locator("td").last.inner_text() == amount.removeprefix("¥")
    return bill.get_by_role("heading").inner_text(), amount


def wallet(page: Page, town: Town) -> int:
    """What the wallet holds, in fen."""
    page.goto(f"{town.origin}/wallet")
    return fen(page.locator(".y-amount--big").first.inner_text())


def fen(amount: str) -> int:
    """¥1,234.50 in fen."""
    return round(float(amount.replace("¥", "").replace(",", "")) * 100)


def fault(town: Town, number: str, kind: str) -> None:
    """Make the power company silent for an account, or well again."""
    httpx.post(f"{town.biller}/_faults", json={"number": number, "fault": kind}, timeout=10).raise_for_status()


def bill_is_paid(town: Town, number: str, period: str) -> bool:
    """Whether the power company has credited a bill."""
    bills = httpx.get(f"{town.biller}/accounts/{number}/bills", timeout=10).json()["bills"]
    paid: bool = next(bill["paid"] for bill in bills if bill["period"] == period)
    return paid


def expect_paid(page: Page, town: Town, number: str, period: str) -> None:
    """Wait until the power company has credited a bill."""
    for _ in range(100):
        if bill_is_paid(town, number, period):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{number} {period} was not credited")
