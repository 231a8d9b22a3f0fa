"""The ID number's own form."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yimen_host.identity.errors import FieldError
from yimen_host.identity.idnumber import IdNumber, id_number, region_name
from yimen_host.identity.sandbox import population

TODAY = dt.date(2026, 11, 21)


def test_a_good_number_tells_place_and_birth() -> None:
    assert id_number("5201 0219 4002 0199 6x", today=TODAY) == IdNumber(
        "52010219400201996X", "520102", dt.date(1940, 2, 1)
    )


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "18位"),
        ("5201021940020199", "18位"),
        ("52010219400230996X", "出生日期不存在"),
        ("520102203002019965", "出生日期不可能"),
        ("52010217400201996X", "出生日期不可能"),
        ("52990219400201996X", "地区代码不存在"),
        ("52011420200201996X", "地区代码不存在"),  # Xiaohe district ended in 2012
        ("520102194002019961", "校验不通过"),
    ],
)
def test_each_wrong_part_is_named(typed: str, message: str) -> None:
    with pytest.raises(FieldError, match=message):
        id_number(typed, today=TODAY)


@given(st.sampled_from(population()), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(person: object, place: int, step: int) -> None:
    number: str = person.number  # type: ignore[attr-defined]  # a Person
    changed = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]

    with pytest.raises(FieldError):
        id_number(changed, today=TODAY)


def test_a_region_is_named_down_to_its_county() -> None:
    assert region_name("520102") == "贵州省贵阳市南明区"
