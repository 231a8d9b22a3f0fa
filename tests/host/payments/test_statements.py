"""A month's statement: it adds up, months join, and what a mini-app calls an order cannot become a formula."""

import csv
import datetime as dt
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.host.payments.conftest import PASSWORD, open_order
from tests.host.payments.papers.print import words
from tests.host.payments.site import browser

from yimen_host.core.clock import ManualClock
from yimen_host.core.errors import Invalid
from yimen_host.payments.facade import Payments
from yimen_host.payments.ledger import books
from yimen_host.payments.ledger.books import StatementLine
from yimen_host.payments.statements import Month, Statement, as_csv, read_month
from yimen_sdk.money import Money, yuan


@pytest.fixture
def clock() -> ManualClock:
    """Half an hour before the end of November in China."""
    return ManualClock(dt.datetime(2026, 11, 30, 15, 30, tzinfo=dt.UTC))


async def drink(payments: Payments, amount: str) -> None:
    """Pay for tea from the wallet."""
    order = await open_order(payments, yuan(amount))
    await payments.till.pay(order, channel="wallet", form_key=order.id, password=PASSWORD)


async def test_months_join_and_add_up(payments: Payments, clock: ManualClock) -> None:
    await drink(payments, "8.00")
    clock.advance(minutes=40)  # December in China, November in UTC
    await drink(payments, "5.00")

    async with payments.services.database.transaction() as session:
        spans = [
            await books.span(session, "wallet:ada", begin=month.begin, end=month.end, limit=10)
            for month in (Month(2026, 10), Month(2026, 11), Month(2026, 12))
        ]

    found = [(str(s.opening), [str(line.amount) for line in s.lines], str(s.closing)) for s in spans if s is not None]
    assert found == [
        ("0.00", [], "0.00"), ("0.00", ["100.00", "-8.00"], "92.00"), ("92.00", ["-5.00"], "87.00"),
    ]  # fmt: skip


async def test_the_page_and_the_table_say_the_same(payments: Payments) -> None:
    await drink(payments, "8.00")

    page = await browser(payments, "ada").open("/wallet/statement")
    table = await browser(payments, "ada").open("/wallet/statement.csv?month=2026-11")
    other = await browser(payments, "bo").open("/wallet/statement?month=2026-11")

    assert [amount in page.text for amount in ("¥100.00", "-¥8.00", "¥92.00", "2026-10")] == [True] * 4
    rows = list(csv.reader(io.StringIO(table.text.removeprefix("\ufeff"))))
    assert [row[3:] for row in rows] == [
        ["项目", "金额", "余额"],
        ["", "", "0.00"],
        ["", "100.00", "100.00"],
        ["一杯茶", "-8.00", "92.00"],
        ["", "", "92.00"],
    ]
    assert "92.00" not in other.text


async def test_the_paper_says_what_the_page_says(payments: Payments) -> None:
    await drink(payments, "8.00")

    printed = await browser(payments, "ada").open("/wallet/statement.pdf")
    again = await browser(payments, "ada").open("/wallet/statement.pdf?month=2026-11")

    assert printed.headers["content-disposition"].startswith('attachment; filename="yimen-2026-11.pdf"; filename*=')
    assert printed.content == again.content
    for said in (
        "钱包月账单",
        "2026-11-01—2026-11-30",
        "¥100.00",
        "一杯茶",
        "-¥8.00",
        "¥92.00",
        "138****8000",
        "平台赠送",
    ):
        assert said in words(printed.content)


async def test_a_month_of_nothing_is_a_paper_too(payments: Payments) -> None:
    printed = await browser(payments, "bo").open("/wallet/statement.pdf?month=2020-02")

    assert ["2020-02-29" in words(printed.content), "这个月没有明细" in words(printed.content)] == [True, True]


@pytest.mark.parametrize("written", ["2026-13", "2026-1", "26-01", "2026-11-01", "november"])
def test_what_is_no_month_is_refused(written: str) -> None:
    with pytest.raises(Invalid):
        read_month(written)


@given(year=st.integers(2000, 2099), number=st.integers(1, 12))
def test_months_follow_each_other(year: int, number: int) -> None:
    month = Month(year, number)

    assert (month.next.previous, month.previous.next, month.end) == (month, month, month.next.begin)


def test_a_title_cannot_become_a_formula() -> None:
    line = StatementLine(1, "ord_1", "post", Money(-1), Money(0), dt.datetime(2026, 11, 1, tzinfo=dt.UTC))

    text = as_csv(Statement(Month(2026, 11), Money(1), Money(0), [line]), {"ord_1": "=cmd()"}, ["a"])

    assert ",'=cmd()," in text
