"""A son pays his mother's power bill: she lets him, he acts for her with his own money, she ends it."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from tests.journeys.conftest import ADMIN, RESIDENT, agree, pay, sign_in
from tests.journeys.test_bill import expect_paid, fen, link_and_choose, mini_app, wallet
from tests.town import Town

from yimen_host.identity.sandbox import population

NUMBER = "0520100061"


def test_a_son_pays_his_mothers_bill(visit: Callable[..., Page], town: Town) -> None:
    mother, son = visit(), visit()
    sign_in(mother, town, ADMIN.phone)
    give(mother, town)
    sign_in(son, town, RESIDENT.phone)
    before = wallet(son, town)

    begin_acting(son, town)
    frame = mini_app(son, town)
    expect(son.get_by_text("正在代")).to_be_visible()
    period, amount = link_and_choose(frame, NUMBER)
    frame.get_by_role("button", name=re.compile("去缴费")).first.click()
    son.wait_for_url(re.compile("/cashier/"))
    expect(son.get_by_text(f"代 {population()[ADMIN.person].name} 缴费")).to_be_visible()
    pay(son)

    expect(son.get_by_role("heading", name="付款成功")).to_be_visible()
    expect_paid(son, town, NUMBER, period)
    assert before - wallet(son, town) == fen(amount)
    mother.reload()
    expect(mother.get_by_text(re.compile("代付"))).to_be_visible()
    expect(mother.get_by_text(amount).last).to_be_visible()

    mother.get_by_role("button", name="撤销授权").click()
    expect(mother.get_by_text("已撤销")).to_be_visible()
    son.goto(f"{town.origin}/apps/utilities")
    mini_app(son, town).get_by_label("户号", exact=True).wait_for()
    assert (son.get_by_text("正在代").count(), mini_app(son, town).get_by_text(NUMBER).count()) == (0, 0)


def test_who_acts_leaves_by_one_button(visit: Callable[..., Page], town: Town) -> None:
    mother, son = visit(), visit(java_script_enabled=False)
    sign_in(mother, town, ADMIN.phone)
    give(mother, town)
    sign_in(son, town, RESIDENT.phone)
    begin_acting(son, town)
    son.wait_for_url(re.compile(re.escape(town.app("utilities"))))
    expect(son.get_by_text("您正在代家人办理")).to_be_visible()

    son.goto(f"{town.origin}/me/mandates")
    son.get_by_role("button", name="退出代办").click()
    son.goto(f"{town.origin}/apps/utilities")

    son.wait_for_url(re.compile(re.escape(town.app("utilities"))))
    assert son.get_by_text("您正在代家人办理").count() == 0
    mother.get_by_role("button", name="撤销授权").click()


def give(mother: Page, town: Town) -> None:
    """She fills the form in for her son and sees the mandate."""
    mother.goto(f"{town.origin}/me")
    mother.get_by_role("link", name="代办授权").click()
    mother.get_by_role("link", name="请家人替我办").click()
    mother.get_by_label("家人的姓名").fill(population()[RESIDENT.person].name)
    mother.get_by_label("家人的手机号").fill(RESIDENT.phone)
    for box in mother.locator('input[name="scope"]').all():
        expect(box).not_to_be_checked()
        box.check()
    mother.get_by_role("button", name="确认授权").click()
    expect(mother.get_by_text("还没有使用过。")).to_be_visible()


def begin_acting(son: Page, town: Town) -> None:
    """He opens Utilities in her name, and grants what it asks of him the first time."""
    son.goto(f"{town.origin}/me/mandates")
    son.locator("a.y-item", has_text="有效").first.click()
    son.get_by_role("button", name=re.compile("代 .* 办理")).click()
    son.wait_for_load_state()
    if "/consent/" in son.url:
        agree(son)
