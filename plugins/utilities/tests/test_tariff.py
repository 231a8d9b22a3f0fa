"""The step tariff: every kWh is priced once, in its own step."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yimen_sdk import yuan
from yimen_utilities import tariff
from yimen_utilities.tariff import Charge, Step, Tariff, Tier, charge, used_before

GUIZHOU = tariff.load()
kwh = st.integers(0, 20_000)


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    """Any tariff whose steps rise."""
    bounds = sorted(draw(st.sets(st.integers(1, 9_000), max_size=4)))
    prices = sorted(draw(st.lists(st.integers(1, 20_000), min_size=len(bounds) + 1, max_size=len(bounds) + 1)))
    tiers = tuple(Tier(bound, Decimal(price) / 10_000) for bound, price in zip([*bounds, None], prices, strict=True))
    return Tariff("", "", "520000", dt.date(2026, 1, 1), False, "", 1, tiers)


@given(tariffs(), kwh, kwh, kwh)
def test_a_month_in_two_parts_costs_the_same_within_a_fen(rates: Tariff, before: int, first: int, second: int) -> None:
    whole = charge(rates, before=before, kwh=first + second)

    parts = charge(rates, before=before, kwh=first).amount + charge(rates, before=before + first, kwh=second).amount

    assert abs((whole.amount - parts).fen) <= 1


@given(tariffs(), kwh, kwh, kwh)
def test_using_more_or_later_never_costs_less(rates: Tariff, before: int, used: int, more: int) -> None:
    amount = charge(rates, before=before, kwh=used).amount

    assert amount <= charge(rates, before=before, kwh=used + more).amount
    assert amount <= charge(rates, before=before + more, kwh=used).amount


@given(tariffs(), kwh, kwh)
def test_the_steps_are_the_whole_month_in_order(rates: Tariff, before: int, used: int) -> None:
    found = charge(rates, before=before, kwh=used)

    assert sum(step.kwh for step in found.steps) == used
    assert [step.tier for step in found.steps] == sorted({step.tier for step in found.steps})
    assert all(step.kwh > 0 and step.cost == step.kwh * rates.tiers[step.tier - 1].price for step in found.steps)
    assert abs(found.amount.decimal - sum(step.cost for step in found.steps)) <= Decimal("0.005")


@pytest.mark.parametrize(
    ("before", "used", "amount", "steps"),
    [
        (0, 0, "0.00", []),
        (0, 1, "0.46", [(1, 1)]),
        (0, 2200, "1002.32", [(1, 2200)]),
        (0, 2201, "1002.83", [(1, 2200), (2, 1)]),
        (2199, 2, "0.96", [(1, 1), (2, 1)]),
        (2200, 1, "0.51", [(2, 1)]),
        (2200, 1800, "910.08", [(2, 1800)]),
        (3999, 2, "1.26", [(2, 1), (3, 1)]),
        (4000, 1, "0.76", [(3, 1)]),
        (2000, 3000, "1756.80", [(1, 200), (2, 1800), (3, 1000)]),
    ],
)
def test_guizhous_borders_are_where_the_tariff_says(
    before: int, used: int, amount: str, steps: list[tuple[int, int]]
) -> None:
    found = charge(GUIZHOU, before=before, kwh=used)

    assert (found.amount, [(step.tier, step.kwh) for step in found.steps]) == (yuan(amount), steps)


def test_a_sum_is_rounded_once_and_half_up() -> None:
    rates = Tariff(
        "", "", "", dt.date(2026, 1, 1), False, "", 1, (Tier(1, Decimal("0.0025")), Tier(None, Decimal("0.0025")))
    )

    assert charge(rates, before=0, kwh=2) == Charge(
        (Step(1, 1, Decimal("0.0025"), Decimal("0.0025")), Step(2, 1, Decimal("0.0025"), Decimal("0.0025"))),
        yuan("0.01"),
    )


@pytest.mark.parametrize(("before", "used"), [(-1, 0), (0, -1)])
def test_negative_use_is_refused(before: int, used: int) -> None:
    with pytest.raises(ValueError, match="use cannot be negative"):
        charge(GUIZHOU, before=before, kwh=used)


@pytest.mark.parametrize(
    ("starts", "period", "before"),
    [(1, "2026-01", 0), (1, "2026-03", 3), (1, "2025-12", 512 + 64), (5, "2026-03", 64 + 128 + 3), (5, "2025-05", 0)],
)
def test_only_the_same_tariff_year_counts(starts: int, period: str, before: int) -> None:
    used = {"2025-03": 512, "2025-06": 64, "2025-12": 128, "2026-01": 1, "2026-02": 2, "2026-03": 4, "2026-04": 8}
    rates = Tariff("", "", "", dt.date(2026, 1, 1), False, "", starts, GUIZHOU.tiers)

    assert used_before(used, period, rates) == before


def test_the_sample_tariff_says_that_nobody_confirmed_it() -> None:
    assert (GUIZHOU.region, GUIZHOU.effective, GUIZHOU.confirmed, GUIZHOU.year_starts) == (
        "520000", dt.date(2012, 7, 1), False, 1,
    )  # fmt: skip
    assert GUIZHOU.tiers == (
        Tier(2200, Decimal("0.4556")), Tier(4000, Decimal("0.5056")), Tier(None, Decimal("0.7556")),
    )  # fmt: skip
