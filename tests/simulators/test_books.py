"""The power company's books: a sequence number has one outcome for ever, a bill is paid once."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yimen_simulators.biller.books import Bill, Books, Collection
from yimen_simulators.biller.households import households, usage

TODAY = dt.date(2026, 11, 22)
NUMBER = "0520100001"


@pytest.fixture
def books() -> Books:
    return Books(":memory:", lambda: TODAY)


def unpaid(books: Books) -> list[Bill]:
    """The bills to pay, the newest first."""
    return [bill for bill in books.bills(NUMBER) if not bill.paid]


def test_a_customer_has_two_years_of_bills_and_two_to_pay(books: Books) -> None:
    bills = books.bills(NUMBER)

    assert [bill.period for bill in bills[:3]] == ["2026-10", "2026-09", "2026-08"]
    assert (len(bills), [bill.period for bill in unpaid(books)]) == (24, ["2026-10", "2026-09"])
    assert bills[0].due == dt.date(2026, 11, 25)


def test_a_december_bill_is_due_in_january() -> None:
    books = Books(":memory:", lambda: dt.date(2027, 1, 2))

    assert (books.bills(NUMBER)[0].period, books.bills(NUMBER)[0].due) == ("2026-12", dt.date(2027, 1, 25))


def test_the_same_sequence_answers_as_the_first_time(books: Books) -> None:
    bill = unpaid(books)[0]

    first = books.collect("s1", NUMBER, bill.period, bill.fen)
    again = books.collect("s1", NUMBER, bill.period, bill.fen + 1)

    assert first == again == books.collection("s1") == Collection("s1", NUMBER, bill.period, bill.fen, "confirmed", "")


@pytest.mark.parametrize(
    ("number", "period", "more", "reason"),
    [
        (NUMBER, "2026-10", 1, "wrong_amount"),
        (NUMBER, "2026-08", 0, "already_paid"),
        (NUMBER, "1999-01", 0, "no_such_bill"),
        ("0520100999", "2026-10", 0, "no_such_bill"),
    ],
)
def test_what_is_not_owed_is_rejected(books: Books, number: str, period: str, more: int, reason: str) -> None:
    fen = next((bill.fen for bill in books.bills(NUMBER) if bill.period == period), 1) + more

    assert books.collect("s1", number, period, fen) == Collection("s1", number, period, fen, "rejected", reason)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["s1", "s2", "s3"]), min_size=1, max_size=8))
def test_however_it_is_told_a_bill_is_paid_once(sequences: list[str]) -> None:
    books = Books(":memory:", lambda: TODAY)
    bill = unpaid(books)[0]

    told = [books.collect(sequence, NUMBER, bill.period, bill.fen) for sequence in sequences]

    assert {made.sequence for made in told if made.outcome == "confirmed"} == {sequences[0]}
    assert {made.reason for made in told if made.sequence != sequences[0]} <= {"already_paid"}


def test_two_collectors_at_once_cannot_both_collect(books: Books) -> None:
    bill = unpaid(books)[0]

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda n: books.collect(f"s{n}", NUMBER, bill.period, bill.fen), range(16)))

    assert sorted(made.outcome for made in told) == ["confirmed"] + ["rejected"] * 15


def test_a_reversed_bill_is_open_again(books: Books) -> None:
    bill = unpaid(books)[0]
    books.collect("s1", NUMBER, bill.period, bill.fen)

    reversed_ = books.reverse("s1")

    assert reversed_ == Collection("s1", NUMBER, bill.period, bill.fen, "reversed", "")
    assert books.collect("s1", NUMBER, bill.period, bill.fen) == reversed_
    assert books.collect("s2", NUMBER, bill.period, bill.fen).outcome == "confirmed"


def test_the_books_survive_a_restart(tmp_path: Path) -> None:
    bill = unpaid(Books(tmp_path / "b.sqlite", lambda: TODAY))[0]
    made = Books(tmp_path / "b.sqlite", lambda: TODAY).collect("s1", NUMBER, bill.period, bill.fen)

    assert Books(tmp_path / "b.sqlite", lambda: TODAY).collection("s1") == made


def test_the_households_are_always_the_same() -> None:
    assert len(households()) == 320
    assert households()[NUMBER].number == NUMBER
    assert usage(NUMBER, TODAY) == usage(NUMBER, TODAY.replace(day=1))
    earlier = usage(NUMBER, dt.date(2026, 1, 1))
    assert {period: usage(NUMBER, TODAY)[period] for period in earlier} == earlier
