"""Amounts in capitals: the examples of the rules, and every amount can be read back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yimen_host.payments.papers.capitals import capitals
from yimen_sdk.money import MAX_FEN, Money, yuan

DIGITS = {digit: value for value, digit in enumerate("零壹贰叁肆伍陆柒捌玖")}
PLACES = {"拾": 10, "佰": 100, "仟": 1000}


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("1409.50", "壹仟肆佰零玖元伍角整"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("1680.32", "壹仟陆佰捌拾元零叁角贰分"),
        ("107000.53", "壹拾万柒仟元零伍角叁分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        ("10.00", "壹拾元整"),
        ("0.00", "零元整"),
        ("0.05", "伍分"),
        ("0.50", "伍角整"),
        ("100000001.00", "壹亿零壹元整"),
        ("20030000.00", "贰仟零叁万元整"),
        ("-8.00", "负捌元整"),
    ],
)
def test_amounts_are_written_by_the_rules(amount: str, written: str) -> None:
    assert capitals(yuan(amount)) == f"人民币{written}"


@given(st.integers(-MAX_FEN, MAX_FEN))
def test_what_was_written_reads_back(fen: int) -> None:
    written = capitals(Money(fen))

    assert read(written) == fen
    assert "零零" not in written
    assert not written.endswith("分整")


def test_another_currency_has_no_capitals() -> None:
    with pytest.raises(ValueError, match="EUR"):
        capitals(Money(100, "EUR"))


def read(written: str) -> int:
    """The fen of a written amount, by reading and not by the rules of writing."""
    found = re.fullmatch(r"人民币(负?)(?:(.+)元)?零?(?:(.)角)?(?:(.)分)?整?", written)
    assert found, written
    sign, whole, jiao, fen = found.groups()
    size = number(whole or "零") * 100 + DIGITS[jiao or "零"] * 10 + DIGITS[fen or "零"]
    return -size if sign else size


def number(text: str) -> int:
    """A whole number in capitals: what stands before 亿 and 万 counts so many times."""
    for name, size in (("亿", 10**8), ("万", 10**4)):
        before, found, after = text.rpartition(name)
        if found:
            return number(before) * size + number(after)
    total, digit = 0, 0
    for one in text:
        if one in PLACES:
            total, digit = total + digit * PLACES[one], 0
        else:
            digit = DIGITS[one]
    return total + digit
