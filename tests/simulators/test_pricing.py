"""Two computations of one tariff, written apart, agree for every use."""

from hypothesis import given
from hypothesis import strategies as st

from yimen_simulators.biller.pricing import fen_for
from yimen_utilities.tariff import charge, load

GUIZHOU = load()
kwh = st.integers(0, 20_000)


@given(before=kwh, used=kwh)
def test_the_company_and_the_mini_app_compute_the_same(before: int, used: int) -> None:
    assert fen_for(before, used) == charge(GUIZHOU, before=before, kwh=used).amount.fen
