"""The cashier, the wallet and the payments list, as a resident sees them."""

import html
import re

import httpx
import pytest
from tests.host.payments.conftest import PASSWORD, open_order
from tests.host.payments.site import browser, heading

from yimen_host.core.clock import ManualClock
from yimen_host.payments.facade import Payments
from yimen_sdk.money import yuan


async def begin(payments: Payments, channel: str, amount: str = "8.00") -> tuple[str, httpx.Response]:
    """Open an order of ada's and send the cashier's form."""
    order, ada = await open_order(payments, yuan(amount)), browser(payments, "ada")
    key = await ada.attempt_key(order.id)
    page = await ada.send(f"/cashier/{order.id}", attempt_key=key, channel=channel, password=PASSWORD)
    return order.id, page


async def test_the_cashier_names_payee_amount_and_ways_to_pay(payments: Payments) -> None:
    order = await open_order(payments, yuan("8.00"))

    page = await browser(payments, "ada").open(f"/cashier/{order.id}")

    for words in ("¥8.00", "一杯茶", "问候", "茶叶合作社", "钱包余额", "可用 ¥100.00", "沙箱银行（模拟）"):
        assert words in page.text
    assert 'href="/apps/greeting?to=%2Ftea"' in page.text


async def test_paying_from_the_wallet_shows_success_and_a_receipt(payments: Payments) -> None:
    order_id, page = await begin(payments, "wallet")

    listed = await browser(payments, "ada").open("/payments")
    detail = await browser(payments, "ada").open(f"/payments/{order_id}")

    assert heading(page) == "付款成功"
    assert all("YM2026112100000001" in shown.text for shown in (page, detail))
    assert re.search(r"一杯茶.*¥8\.00.*已付款", listed.text, re.DOTALL)


async def test_a_wrong_password_is_said_beside_its_field(payments: Payments) -> None:
    order, ada = await open_order(payments, yuan("8.00")), browser(payments, "ada")
    key = await ada.attempt_key(order.id)

    page = await ada.send(f"/cashier/{order.id}", attempt_key=key, channel="wallet", password="000000")

    assert (page.status_code, heading(page)) == (422, "收银台")
    assert 'aria-invalid="true"' in page.text
    assert "支付密码不正确" in page.text
    assert PASSWORD not in page.text


async def test_too_little_money_is_told_and_can_be_tried_again(payments: Payments) -> None:
    order_id, page = await begin(payments, "wallet", "200.00")

    assert heading(page) == "付款未成功"
    assert "钱包余额不足" in page.text
    assert f'href="/cashier/{order_id}"' in page.text


async def test_the_bank_page_is_plainly_a_pretence_and_pays(payments: Payments) -> None:
    order_id, bank = await begin(payments, "sandbox-bank")

    paid = await browser(payments, "ada").send(bank.url.path, choice="confirm")

    assert "模拟银行" in bank.text
    assert (paid.url.path, heading(paid)) == (f"/cashier/{order_id}/result", "付款成功")


async def test_closing_the_bank_tab_leaves_a_way_on_and_a_way_out(payments: Payments) -> None:
    order_id, bank = await begin(payments, "sandbox-bank")
    ada = browser(payments, "ada")

    again = await ada.open(f"/cashier/{order_id}")
    another_way = await ada.send(f"/cashier/{order_id}/leave")

    assert heading(again) == "等待您确认付款"
    assert f'href="{bank.url.path}"' in again.text
    assert heading(another_way) == "收银台"


async def test_a_silent_bank_is_shown_as_not_known(payments: Payments, clock: ManualClock) -> None:
    order_id, bank = await begin(payments, "sandbox-bank")
    ada = browser(payments, "ada")

    unknown = await ada.send(bank.url.path, choice="silent")
    still = await ada.send(f"/cashier/{order_id}/leave")
    clock.advance(seconds=30)
    known = await ada.open(f"/cashier/{order_id}/result")

    assert heading(unknown) == heading(still) == "正在查询付款结果"
    assert 'http-equiv="refresh"' in unknown.text
    assert heading(known) == "付款成功"


async def test_the_back_button_leads_to_the_result(payments: Payments) -> None:
    order_id, _ = await begin(payments, "wallet")

    page = await browser(payments, "ada").open(f"/cashier/{order_id}")

    assert heading(page) == "付款成功"


async def test_an_order_too_old_to_pay_says_so(payments: Payments, clock: ManualClock) -> None:
    order, ada = await open_order(payments, yuan("8.00")), browser(payments, "ada")
    key = await ada.attempt_key(order.id)
    clock.advance(minutes=31)

    page = await ada.send(f"/cashier/{order.id}", attempt_key=key, channel="wallet", password=PASSWORD)

    assert heading(page) == "订单已过期"


@pytest.mark.parametrize("path", ["/cashier/{}", "/cashier/{}/result", "/payments/{}"])
async def test_an_order_of_somebody_else_looks_like_none(payments: Payments, path: str) -> None:
    order = await open_order(payments, yuan("8.00"))

    theirs = await browser(payments, "bob").open(path.format(order.id))
    none = await browser(payments, "bob").open(path.format("ord_none"))

    assert (theirs.status_code, theirs.text) == (none.status_code, none.text) == (404, "Not Found")


async def test_the_list_goes_on_page_by_page(payments: Payments) -> None:
    opened = [(await open_order(payments, yuan("1.00"))).id for _ in range(25)]
    ada = browser(payments, "ada")

    first = await ada.open("/payments")
    onward = re.search(r'href="(/payments\?before=[^"]+)"', first.text)
    assert onward
    second = await ada.open(onward[1])

    def shown(page: httpx.Response) -> list[str]:
        return re.findall(r'href="/payments/(ord_[^"]+)"', page.text)

    assert (len(shown(first)), shown(first) + shown(second)) == (20, opened[::-1])
    assert "?before=" not in second.text


async def test_orders_are_found_by_what_one_remembers(payments: Payments, clock: ManualClock) -> None:
    paid, _ = await begin(payments, "wallet")
    clock.advance(days=40)
    waiting = (await open_order(payments, yuan("3.00"), reference="100%_sure")).id
    ada, bob = browser(payments, "ada"), browser(payments, "bob")

    async def found(query: str) -> set[str]:
        page = await ada.open(f"/payments?{query}")
        return set(re.findall(r'href="/payments/(ord_[^"]+)"', page.text))

    assert {
        query: await found(query)
        for query in (
            "words=一杯", "words=茶 合作社", "words=咖啡", "words=%25", "words=100%25_sure", f"words={paid}",
            "words=YM2026112100000001", "month=2026-11", "month=2026-12", "state=paid", "state=refunded",
            "payee=greeting", "payee=other", "state=nonsense", "words=一杯&state=open&month=2026-12",
        )
    } == {
        "words=一杯": {paid, waiting}, "words=茶 合作社": {paid, waiting}, "words=咖啡": set(), "words=%25": set(),
        "words=100%25_sure": {waiting}, f"words={paid}": {paid}, "words=YM2026112100000001": {paid},
        "month=2026-11": {paid}, "month=2026-12": {waiting}, "state=paid": {paid}, "state=refunded": set(),
        "payee=greeting": {paid, waiting}, "payee=other": set(), "state=nonsense": {paid, waiting},
        "words=一杯&state=open&month=2026-12": {waiting},
    }  # fmt: skip
    assert "ord_" not in (await bob.open(f"/payments?words={paid}")).text.replace(f'value="{paid}"', "")


async def test_a_month_that_is_none_is_said_beside_its_field(payments: Payments) -> None:
    await open_order(payments, yuan("1.00"))

    page = await browser(payments, "ada").open("/payments?month=November&words=%22%3E")

    assert (page.status_code, "月份写作 2026-11" in page.text, 'value="&#34;&gt;"' in page.text) == (422, True, True)


async def test_a_page_of_what_was_found_goes_on_where_it_ended(payments: Payments) -> None:
    opened = [(await open_order(payments, yuan("1.00"))).id for _ in range(23)]
    ada = browser(payments, "ada")

    first = await ada.open("/payments?words=一杯&state=open")
    onward = re.search(r'href="(/payments\?words=[^"]+before=[^"]+)"', first.text)
    assert onward
    second = await ada.open(html.unescape(onward[1]))

    assert re.findall(r'href="/payments/(ord_[^"]+)"', second.text) == opened[2::-1]


async def test_a_top_up_goes_through_the_cashier_into_the_wallet(payments: Payments) -> None:
    ada = browser(payments, "ada")
    cashier = await ada.send("/wallet/top-up", amount="50")
    order_id = cashier.url.path.split("/")[-1]
    key = await ada.attempt_key(order_id)
    bank = await ada.send(f"/cashier/{order_id}", attempt_key=key, channel="sandbox-bank", password=PASSWORD)

    await ada.send(bank.url.path, choice="confirm")
    wallet = await ada.open("/wallet")

    assert 'value="wallet"' not in cashier.text
    assert "¥150.00" in wallet.text
    assert "钱包充值" in wallet.text


@pytest.mark.parametrize("typed", ["", "abc", "0.5", "5000.01", "-3"])
async def test_a_top_up_out_of_range_is_said_beside_its_field(payments: Payments, typed: str) -> None:
    page = await browser(payments, "ada").send("/wallet/top-up", amount=typed)

    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.text
