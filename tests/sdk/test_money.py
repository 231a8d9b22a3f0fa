"""Money: what is written is what is read, and nothing is lost on the way."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yimen_sdk import Money, yuan
from yimen_sdk.money import MAX_FEN

amounts = st.integers(-MAX_FEN, MAX_FEN).map(Money)
small = st.integers(-(10**9), 10**9).map(Money)


@given(amounts)
def test_what_is_written_plainly_reads_back(amount: Money) -> None:
    assert yuan(amount.plain) == amount


@given(amounts)
def test_grouping_changes_nothing_but_commas(amount: Money) -> None:
    assert str(amount).replace(",", "") == amount.plain


@given(small, small, small)
def test_adding_is_the_arithmetic_of_whole_fen(a: Money, b: Money, c: Money) -> None:
    assert (a + b) + c == a + (b + c) == Money(a.fen + b.fen + c.fen)
    assert a - b == a + -b == -(b - a)


@given(small, st.integers(0, 1000))
def test_so_many_of_one_is_the_sum_of_so_many(amount: Money, count: int) -> None:
    assert amount * count == sum([amount] * count, Money(0))


@given(small, small)
def test_amounts_are_in_one_order(a: Money, b: Money) -> None:
    assert (a < b, a <= b, a > b, a >= b) == (a.fen < b.fen, a.fen <= b.fen, a.fen > b.fen, a.fen >= b.fen)
    assert sorted([a, b]) == [Money(fen) for fen in sorted([a.fen, b.fen])]


@given(st.text(max_size=12))
def test_anything_typed_is_an_amount_or_refused(typed: str) -> None:
    try:
        amount = yuan(typed)
    except ValueError:
        return

    assert typed.isascii()
    assert amount == Money(round(Decimal(typed) * 100))


@pytest.mark.parametrize(
    ("written", "fen"),
    [("8.00", 800), ("8", 800), ("0.5", 50), ("-1.05", -105), ("0.01", 1), ("100000000000", MAX_FEN)],
)
def test_yuan_reads_what_people_write(written: str, fen: int) -> None:
    assert yuan(written) == Money(fen, "CNY")


@pytest.mark.parametrize("written", ["", "8.005", "1,000", "1e3", " 8", "8.", ".5", "８.00", "¥8", "NaN", "--1", "8\n"])
def test_what_is_not_plainly_an_amount_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is not an amount in yuan"):
        yuan(written)


@pytest.mark.parametrize("amount", [8.0, "8", True, None])
def test_only_whole_numbers_are_money(amount: object) -> None:
    with pytest.raises(TypeError, match="whole number of fen"):
        Money(amount)  # type: ignore[arg-type]  # the mistake that is tested


def test_a_part_of_an_amount_is_nobodys_to_guess() -> None:
    with pytest.raises(TypeError, match="whole number of fen"):
        Money(100) * 0.5  # type: ignore[operator]  # the mistake that is tested


def test_more_than_one_amount_may_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="more money than one amount may hold"):
        Money(MAX_FEN) + Money(1)


def test_two_currencies_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="CNY and HKD do not add up"):
        Money(1) + Money(1, "HKD")
    with pytest.raises(ValueError, match="CNY and HKD do not add up"):
        _ = Money(1) < Money(1, "HKD")
    assert Money(1) != Money(1, "HKD")


def test_no_money_is_false() -> None:
    assert [bool(Money(fen)) for fen in (-1, 0, 1)] == [True, False, True]
