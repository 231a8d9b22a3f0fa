"""What residents paid reaches the power company: an admin settles it, and its publisher reads the batch."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from tests.journeys.conftest import ADMIN, PUBLISHER, RESIDENT, pay, sign_in
from tests.journeys.test_bill import link_and_choose, mini_app, open_app
from tests.town import Town


def test_a_paid_bill_is_settled_with_its_merchant(visit: Callable[..., Page], town: Town) -> None:
    page = visit()
    sign_in(page, town, RESIDENT.phone)
    open_app(page, town)
    link_and_choose(mini_app(page, town), "0520100070")
    mini_app(page, town).get_by_role("button", name=re.compile("去缴费")).first.click()
    page.wait_for_url(re.compile("/cashier/"))
    pay(page)
    expect(page.get_by_role("heading", name="付款成功")).to_be_visible()

    office = visit()
    sign_in(office, town, ADMIN.phone)
    office.goto(f"{town.origin}/console/merchants")
    office.get_by_role("link", name=re.compile("贵州电网")).click()
    office.get_by_role("button", name="立即结算").click()

    expect(office.get_by_text("已付款").first).to_be_visible()
    publisher = visit()
    sign_in(publisher, town, PUBLISHER.phone)
    publisher.goto(f"{town.origin}/developer/apps/utilities/merchant")
    expect(publisher.get_by_text("已付款").first).to_be_visible()
    with publisher.expect_download() as download:
        publisher.get_by_role("link", name="下载明细（CSV）").first.click()
    lines = download.value.path().read_text("utf-8").splitlines()
    assert lines[0] == "time,order,posting,fen,fee_fen"
    line = re.compile(r"[^,]+,ord_\w+,(take|refund):[\w:]+,-?\d+,-?\d+")
    assert [told for told in lines[1:] if not line.fullmatch(told)] == []
    assert len(lines) > 1
