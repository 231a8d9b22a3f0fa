"""A publisher's orders in the console: found, told, given back once; and nobody else's."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from tests.host.payments.merchants.forms import approved
from tests.host.village import PIN, Village

from yimen_host.payments.demo import grant_demo_balance
from yimen_host.payments.models import OrderRow
from yimen_host.payments.ordering import NewOrder, Payee
from yimen_host.payments.splits import store as splits
from yimen_host.payments.store import orders, refunds
from yimen_sdk.money import yuan
from yimen_sdk.split import Part

APP = "/developer/apps/tea/orders"
_FAULT = re.compile(r'<p class="y-fault"(?: id="h-([^"]+)")?>(.*?)</p>', re.S)
_VALUE = re.compile(r'<input [^>]*name="([^"]+)"[^>]* value="([^"]*)"')


@dataclass
class Shop:
    """The tea house's publisher in a browser, and a drinker who is somebody else."""

    here: Village
    publisher: httpx.AsyncClient
    drinker: str

    async def sell(
        self, title: str = "一杯茶", *, app_id: str = "tea", reference: str | None = None, split: tuple[Part, ...] = ()
    ) -> OrderRow:
        """An order that is paid from the wallet."""
        payments = self.here.node.payments
        async with self.here.services.database.transaction() as session:
            order = await payments.orders.open(
                session,
                NewOrder(title, yuan("8.00"), reference, "/", split),
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
        ("abc", "茶凉了", "请输入大于零的金额"),
        ("1", "", "1至100个字的原因"),
    ],
)
async def test_a_wrong_refund_is_said_and_moves_nothing(shop: Shop, amount: str, reason: str, said: str) -> None:
    order = await shop.sell()

    page = await shop.publisher.post(f"{APP}/{order.id}", data={"amount": amount, "reason": reason, "key": "k"})

    assert (page.status_code, said in page.text) == (422, True)
    assert await shop.refunded(order) == []


@dataclass
class Market:
    """The tea house's order of two farms' tea, 5.00 and 3.00, and the form that gives it back."""

    shop: Shop
    order: OrderRow

    async def give_back(self, key: str = "k", **typed: str) -> httpx.Response:
        """Send the refund form; ``farm_1`` is the field of farm-1."""
        named = {name.replace("farm_", "part-farm-"): value for name, value in typed.items()}
        return await self.shop.publisher.post(f"{APP}/{self.order.id}", data={"reason": "霉了", "key": key, **named})

    async def taken(self) -> list[tuple[str, int]]:
        """What each farm gave back, over all refunds."""
        async with self.shop.here.services.database.transaction() as session:
            rows = await splits.of_order(session, self.order.id)
        return [(row.merchant_id, row.reserved_fen) for row in rows]


@pytest.fixture
async def market(shop: Shop) -> Market:
    """An order that is paid and split."""
    for farm in ("farm-1", "farm-2"):
        await approved(shop.here.node.payments, "tea", farm)
    split = (Part("farm-1", yuan("5.00")), Part("farm-2", yuan("3.00")))
    return Market(shop, await shop.sell(split=split))


async def test_a_split_order_is_given_back_by_whom_the_publisher_names(market: Market) -> None:
    named = await market.give_back(amount="2.50", farm_1="0", farm_2="2.5")
    by_rule = await market.give_back(key="rest", amount="1.10")
    page = await market.shop.publisher.get(f"{APP}/{market.order.id}")

    assert [answer.status_code for answer in (named, by_rule)] == [303, 303]
    assert await market.taken() == [("tea_farm-1", 100), ("tea_farm-2", 260)]
    assert re.findall(r'茶叶合作社 · (farm-\d) <span class="y-number">(¥[\d.]+)', page.text) == [
        ("farm-2", "¥2.50"), ("farm-1", "¥1.00"), ("farm-2", "¥0.10"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"amount": "9", "farm_1": "x", "farm_2": "3.01", "reason": ""}, {
            "amount": "超过还能退的金额", "reason": "请填写1至100个字的原因",
            "part-farm-1": "请输入金额，例如 50 或 50.00", "part-farm-2": "超过还能退的金额",
        }),
        ({"amount": "2", "farm_1": "0.50", "farm_2": "1"}, {
            "split": "各商户退回的金额之和要等于退款金额 现在合计 ¥1.50",
        }),
        ({"amount": "2", "farm_1": "0"}, {"split": "各商户退回的金额之和要等于退款金额 现在合计 ¥0.00"}),
        ({"amount": "2", "farm_1": "-1", "farm_2": "3"}, {"part-farm-1": "请输入金额，例如 50 或 50.00"}),
    ],
)  # fmt: skip
async def test_every_fault_of_a_split_refund_is_told_at_once(
    market: Market, typed: dict[str, str], told: dict[str, str]
) -> None:
    page = await market.give_back(**typed)

    words = {name or "split": re.sub("<[^>]+>", "", fault) for name, fault in _FAULT.findall(page.text)}
    kept = {name: value for name, value in _VALUE.findall(page.text) if name not in ("key", "next")}
    sent = {name.replace("farm_", "part-farm-"): value for name, value in typed.items()}
    assert page.status_code == 422
    assert words == told
    assert kept == {"amount": "", "reason": "霉了", "part-farm-1": "", "part-farm-2": "", **sent}
    assert (await market.taken(), await market.shop.refunded(market.order)) == (
        [("tea_farm-1", 0), ("tea_farm-2", 0)], [],
    )  # fmt: skip


async def test_the_whole_of_a_split_order_is_given_back_once_by_one_form(market: Market) -> None:
    whole = {"amount": "8", "farm_1": "5", "farm_2": "3"}

    statuses = [(await market.give_back(**whole)).status_code for _ in range(2)]
    other = await market.give_back(**{**whole, "amount": "5", "farm_2": ""})

    assert (statuses, other.status_code) == ([303, 303], 422)
    assert await market.taken() == [("tea_farm-1", 500), ("tea_farm-2", 300)]


async def test_a_stranger_gives_nothing_back(shop: Shop) -> None:
    order = await shop.sell()
    cookie, _ = await shop.here.sign_in(shop.drinker)

    async with shop.here.browser(cookie) as stranger:
        sent = await stranger.post(f"{APP}/{order.id}", data={"amount": "8", "reason": "x", "key": "k"})

    async with shop.here.services.database.transaction() as session:
        now = await orders.find(session, order.id)
    assert now is not None
    assert (sent.status_code, now.state, await shop.refunded(order)) == (409, "paid", [])
