"""When a dispatch goes and when it is tried again."""

import datetime as dt

import pytest

from yimen_host.notices.dispatches.schedule import APART, GATHER, again, due

NOW = dt.datetime(2026, 11, 22, 3, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


@pytest.mark.parametrize(
    ("last", "expected"),
    [(None, NOW + GATHER), (NOW - APART, NOW + GATHER), (NOW - 4 * MINUTE, NOW + 6 * MINUTE), (NOW, NOW + APART)],
)
def test_two_of_a_kind_are_ten_minutes_apart(last: dt.datetime | None, expected: dt.datetime) -> None:
    assert due(NOW, last) == expected


def test_it_is_tried_again_for_ever() -> None:
    waits = [(again(tries, NOW) - NOW).total_seconds() for tries in (1, 2, 3, 4, 5, 1000)]

    assert waits == [10, 60, 300, 1800, 1800, 1800]
