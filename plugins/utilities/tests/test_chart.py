"""The chart: bars that fit, side by side, as high as their numbers."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from yimen_utilities.chart import FOOT, HEIGHT, TOP, WIDTH, Bar, bars

months = st.lists(st.integers(0, 5000), min_size=1, max_size=12).map(
    lambda values: [(f"2026-{month:02}", value) for month, value in enumerate(values, 1)]
)


@given(months)
def test_every_bar_stands_inside_the_chart(drawn: list[tuple[str, int]]) -> None:
    for bar in bars(drawn):
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH
        assert bar.y >= TOP - 0.1
        assert abs(bar.y + bar.height - (HEIGHT - FOOT)) <= 0.11


@given(months)
def test_bars_do_not_touch(drawn: list[tuple[str, int]]) -> None:
    made = bars(drawn)

    assert all(left.x + left.width < right.x for left, right in pairwise(made))


@given(months)
def test_heights_are_in_the_order_of_the_numbers(drawn: list[tuple[str, int]]) -> None:
    made = bars(drawn)

    by_value = sorted(made, key=lambda bar: bar.value)
    assert [bar.height for bar in by_value] == sorted(bar.height for bar in made)
    assert [bar.label for bar in made] == [str(month) for month in range(1, len(drawn) + 1)]
    assert [bar.last for bar in made] == [False] * (len(made) - 1) + [True]


def test_the_highest_month_fills_the_chart() -> None:
    assert bars([("2026-09", 50), ("2026-10", 100)]) == [
        Bar("9", 50, 32.4, 73.0, 115.2, 55.0, last=False),
        Bar("10", 100, 212.4, 18.0, 115.2, 110.0, last=True),
    ]


def test_no_month_is_no_bar() -> None:
    assert bars([]) == []
