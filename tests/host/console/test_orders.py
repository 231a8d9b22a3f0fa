"""A publisher's orders in the console: found, told, given back once; and nobody else's."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from tests.host.village import PIN, Village

from yimen_host.payments.demo import grant_demo_balance
from yimen_host.payments.models import OrderRow
from yimen_host.payments.ordering import NewOrder, Payee
from yimen_host.payments.store import orders, refunds
from yimen_sdk.money import yuan

APP = "/developer/apps/tea/orders"


@dataclass
class Shop:
    """The tea house's publisher in a browser, and a drinker who is somebody else."""

    here: Village
    publisher: httpx.AsyncClient
    drinker: str

    async def sell(self, title: str = "一杯茶", *, app_id: str = "tea", reference: str | None = None) -> OrderRow:
        """An order that is paid from the wallet."""
        payments = self.here.node.payments
        async with self.here.services.database.transaction() as session:
            order = await payments.orders.open(
                session,
                NewOrder(title, yuan("8.00"), reference, "/"),
                Payee(app_id, "茶馆", "茶叶合作社"),
                self.drinker,
            )
        await payments.till.pay(order, channel="wallet", form_key=order.id, password=PIN)
        return order

    async def give_back(self, order: OrderRow, amount: str, reason: str = "茶凉了", key: str | None = None) -> int:
        """Send the refund form."""
        page = await self.publisher.get(f"{APP}/{order.id}")
        found = re.search(r'name="key" value="([^"]+)"', page.text)
        typed = {"amount": amount, "reason": reason, "key": key or (found[1] if found else "")}
        return (await self.publisher.post(f"{APP}/{order.id}", data=typed)).status_code

    async def refunded(self, order: OrderRow) -> list[tuple[int, str, str]]:
        """The refunds of an order."""
        async with self.here.services.database.transaction() as session:
            return [(row.amount_fen, row.reason, row.state) for row in await refunds.of_order(session, order.id)]


@pytest.fixture
async def shop(here: Village) -> AsyncIterator[Shop]:
    """The tea house, which sells."""
    owner, drinker, registry = await here.settle(), await here.settle("13800000009", person=101), here.node.registry
    founded = await registry.create_publisher(name="tea-co", title="茶叶合作社", owner=owner)
    await registry.reserve(app_id="tea", distribution="yimen-tea", publisher_id=founded.id, by=owner)
    await grant_demo_balance(here.node.payments, drinker, yuan("100.00"))
    cookie, _ = await here.sign_in(owner)
    async with here.browser(cookie) as publisher:
        yield Shop(here, publisher, drinker)


async def test_a_publisher_finds_its_orders_and_no_others(shop: Shop) -> None:
    mine, green = await shop.sell(reference="T-1"), await shop.sell("绿茶")
    other = await shop.sell(app_id="greeting")

    async def found(query: str) -> set[str]:
        return set(re.findall(rf'href="{APP}/(ord_[^"]+)"', (await shop.publisher.get(f"{APP}?{query}")).text))

    queries = ("", "words=绿", "words=T-1", f"words={other.id}", "state=open")
    assert {query: await found(query) for query in queries} == {
        "": {mine.id, green.id}, "words=绿": {green.id}, "words=T-1": {mine.id}, f"words={other.id}": set(),
        "state=open": set(),
    }  # fmt: skip
    assert (await shop.publisher.get(f"{APP}/{other.id}")).status_code == 404


async def test_an_order_tells_its_story_and_nothing_of_its_payer(shop: Shop) -> None:
    order = await shop.sell()
    assert await shop.give_back(order, "3") == 303

    page = await shop.publisher.get(f"{APP}/{order.id}")

    told = re.findall(r"y-tag[^>]*>([^<]+)</span> <time", page.text)
    account = await shop.here.node.accounts.account(shop.drinker)
    assert account is not None
    assert sorted(told) == sorted(["下单", "开始付款", "付款成功", "申请退款", "已退回"])
    assert [secret in page.text for secret in (account.name or "?", account.phone, shop.drinker)] == [False] * 3
    assert '还能退 <span class="y-number">¥5.00' in page.text


async def test_a_refund_form_sent_twice_gives_back_once(shop: Shop) -> None:
    order = await shop.sell()

    statuses = [await shop.give_back(order, "3.00", key="one-form") for _ in range(2)]
    other = await shop.give_back(order, "2.00", key="one-form")

    assert (statuses, other) == ([303, 303], 422)
    assert await shop.refunded(order) == [(300, "茶凉了", "succeeded")]


@pytest.mark.parametrize(
    ("amount", "reason", "said"),
    [
        ("8.01", "茶凉了", "超过还能退的金额"),
        ("-1", "茶凉了", "请输入大于零的金额"),
        ("abc", "茶凉了", "请输入金额"),
        ("1", "", "1至100个字的原因"),
    ],
)
async def test_a_wrong_refund_is_said_and_moves_nothing(shop: Shop, amount: str, reason: str, said: str) -> None:
    order = await shop.sell()

    page = await shop.publisher.post(f"{APP}/{order.id}", data={"amount": amount, "reason": reason, "key": "k"})

    assert (page.status_code, said in page.text) == (422, True)
    assert await shop.refunded(order) == []


async def test_a_stranger_gives_nothing_back(shop: Shop) -> None:
    order = await shop.sell()
    cookie, _ = await shop.here.sign_in(shop.drinker)

    async with shop.here.browser(cookie) as stranger:
        sent = await stranger.post(f"{APP}/{order.id}", data={"amount": "8", "reason": "x", "key": "k"})

    async with shop.here.services.database.transaction() as session:
        now = await orders.find(session, order.id)
    assert now is not None
    assert (sent.status_code, now.state, await shop.refunded(order)) == (409, "paid", [])
