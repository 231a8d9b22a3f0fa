"""A receipt from the payer's page to the hands of a stranger who checks it."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import psycopg
import pytest
from sqlalchemy import text
from tests.host.payments.conftest import TEA
from tests.host.payments.papers.print import words
from tests.host.village import PIN, Village

from yimen_host.core.clock import ManualClock
from yimen_host.payments import receipts
from yimen_host.payments.demo import grant_demo_balance
from yimen_host.payments.models import OrderRow
from yimen_host.payments.ordering import NewOrder
from yimen_host.payments.papers.patience import MOST_WRONG
from yimen_host.payments.store import refunds
from yimen_sdk.money import yuan


@dataclass
class Drinker:
    """A resident who paid for tea, in their browser."""

    here: Village
    order: OrderRow
    browser: httpx.AsyncClient

    async def give_back(self, amount: str, key: str) -> str:
        """A refund that succeeds."""
        payments = self.here.node.payments
        async with self.here.services.database.transaction() as session:
            row = await payments.refunding.request(session, self.order, yuan(amount), reason="茶凉了", key=key)
        return (await payments.refunding.proceed(row.id)).id

    async def paper(self, what: str = "receipt") -> httpx.Response:
        """A printed paper."""
        return await self.browser.get(f"/payments/{self.order.id}/{what}.pdf")


@pytest.fixture
async def drinker(here: Village) -> AsyncIterator[Drinker]:
    """A resident who paid 8 yuan from the wallet."""
    payments, resident_id = here.node.payments, await here.settle()
    await grant_demo_balance(payments, resident_id, yuan("100.00"))
    async with here.services.database.transaction() as session:
        order = await payments.orders.open(session, NewOrder("一杯茶", yuan("8.00"), return_path="/"), TEA, resident_id)
    await payments.till.pay(order, channel="wallet", form_key="form", password=PIN)
    cookie, _ = await here.sign_in(resident_id)
    async with here.browser(cookie) as browser:
        yield Drinker(here, order, browser)


def link(pdf: bytes) -> dict[str, str]:
    """The number and the code that a paper carries."""
    found = words(pdf)
    number, code = re.search(r"YM\d{16}", found), re.search(r"(?:[0-9A-F]{4}-){4}[0-9A-F]{4}", found)
    assert number and code, found  # noqa: PT018 - one reason for both
    return {"number": number[0], "code": code[0]}


async def test_the_payer_gets_the_receipt_as_a_file(drinker: Drinker) -> None:
    printed = await drinker.paper()

    assert {name: printed.headers[name] for name in ("content-type", "cache-control", "content-disposition")} == {
        "content-type": "application/pdf",
        "cache-control": "private, no-store",
        "content-disposition": 'attachment; filename="YM2026112100000001.pdf"; '
        "filename*=UTF-8''%E6%94%B6%E6%AC%BE%E6%94%B6%E6%8D%AE-YM2026112100000001.pdf",
    }
    found = words(printed.content)
    for said in ("¥8.00", "人民币捌元整", "一杯茶", "茶叶合作社（问候）", "钱包余额", drinker.order.id, "不是税务发票"):
        assert said in found


async def test_the_paper_of_somebody_else_looks_like_none(drinker: Drinker) -> None:
    refund_id = await drinker.give_back("3.00", "k1")
    cookie, _ = await drinker.here.sign_in(await drinker.here.settle("13800000009", person=101))

    async with drinker.here.browser(cookie) as stranger:
        answers = [
            await stranger.get(f"/payments/{drinker.order.id}/{what}.pdf")
            for what in ("receipt", f"refunds/{refund_id}")
        ]
    async with drinker.here.browser() as nobody:
        unsigned = await nobody.get(f"/payments/{drinker.order.id}/receipt.pdf")

    assert [answer.status_code for answer in answers] == [404, 404]
    assert unsigned.headers["location"].startswith("/sign-in")


async def test_a_refund_has_a_red_receipt_that_names_the_first(drinker: Drinker) -> None:
    refund_id = await drinker.give_back("3.00", "k1")

    red, first = await drinker.paper(f"refunds/{refund_id}"), await drinker.paper()

    for said in ("红字收据", "YM2026112100000002", "YM2026112100000001", "-¥3.00", "人民币负叁元整", "茶凉了"):
        assert said in words(red.content)
    for said in ("已部分退款", "YM2026112100000002", "¥3.00"):
        assert said in words(first.content)


async def test_refunds_that_add_up_say_refunded_in_full(drinker: Drinker) -> None:
    for key, amount in (("k1", "3.00"), ("k2", "5.00")):
        await drinker.give_back(amount, key)

    found = words((await drinker.paper()).content)

    assert ["已全部退款" in found, "已部分退款" in found] == [True, False]


async def test_a_receipt_that_a_crash_left_owed_is_given_later(
    drinker: Drinker, clock: ManualClock, migrated_url: str
) -> None:
    services = drinker.here.services
    with psycopg.connect(migrated_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute("ALTER TABLE yimen.payment_red_receipt ADD CONSTRAINT down CHECK (number = '') NOT VALID")
        with pytest.raises(AssertionError, match="cannot get one"):
            await drinker.give_back("3.00", "k1")
        owner.execute("ALTER TABLE yimen.payment_red_receipt DROP CONSTRAINT down")

    clock.advance(days=400)
    swept = [await receipts.issue_owed(services) for _ in range(2)]
    async with services.database.transaction() as session:
        (refund,) = await refunds.of_order(session, drinker.order.id)
    again = {await receipts.issue_red(services, refund.id) for _ in range(3)}

    assert (swept, again) == ([1, 0], {"YM2027122600000001"})


async def test_a_stranger_sees_what_the_paper_says_and_no_name(drinker: Drinker) -> None:
    account = await drinker.here.node.accounts.account(drinker.order.resident_id)
    assert account is not None and account.name is not None  # noqa: PT018 - one reason for both

    async with drinker.here.browser() as stranger:
        page = await stranger.get("/receipts", params=link((await drinker.paper()).content))

    assert page.status_code == 200
    for said in ("这是一门开具的收据", "¥8.00", "一杯茶", account.name[0] + "*"):
        assert said in page.text
    for hidden in (account.name, drinker.order.id, drinker.order.resident_id):
        assert hidden not in page.text


async def test_a_red_receipt_is_checked_as_well(drinker: Drinker) -> None:
    refund_id = await drinker.give_back("3.00", "k1")
    carried = link((await drinker.paper(f"refunds/{refund_id}")).content)

    async with drinker.here.browser() as stranger:
        page = await stranger.get("/receipts", params=carried)

    assert ["红字收据" in page.text, "-¥3.00" in page.text, carried["number"] in page.text] == [True] * 3


async def test_a_forged_and_an_altered_paper_look_alike(drinker: Drinker) -> None:
    carried = link((await drinker.paper()).content)
    await drinker.give_back("3.00", "k1")
    forged = [
        {**carried, "code": "0000-0000-0000-0000-0000"},
        {**carried, "number": "YM2026112100000002"},  # given, but the code is another's
        {**carried, "number": "YM2099010100000001"},
        {**carried, "code": carried["code"][:-1]},
    ]

    async with drinker.here.browser() as stranger:
        pages = [await stranger.get("/receipts", params=one) for one in forged]
        real = await stranger.get("/receipts", params={**carried, "code": carried["code"].lower().replace("-", " ")})

    assert [(page.status_code, "不是一门开具的" in page.text, "一杯茶" in page.text) for page in pages] == [
        (404, True, False)
    ] * 4
    assert real.status_code == 200


async def test_facts_changed_in_the_database_break_the_seal(drinker: Drinker) -> None:
    carried = link((await drinker.paper()).content)
    async with drinker.here.services.database.transaction() as session:
        await session.execute(text("UPDATE payment_order SET amount_fen = 800000"))

    async with drinker.here.browser() as stranger:
        page = await stranger.get("/receipts", params=carried)

    assert (page.status_code, "¥8,000.00" in page.text) == (404, False)


async def test_guessing_ends_after_some_wrong_codes(drinker: Drinker) -> None:
    carried = link((await drinker.paper()).content)

    async with drinker.here.browser() as guesser:
        statuses = [
            (await guesser.get("/receipts", params={**carried, "code": f"{guess:020X}"})).status_code
            for guess in range(MOST_WRONG + 1)
        ]
        right = await guesser.get("/receipts", params=carried)

    assert (statuses, right.status_code) == ([404] * MOST_WRONG + [429], 429)
