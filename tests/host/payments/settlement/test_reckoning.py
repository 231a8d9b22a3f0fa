"""A batch's arithmetic: nothing appears, nothing vanishes, nobody is paid what is not there."""

from hypothesis import given
from hypothesis import strategies as st

from yimen_host.payments.settlement.reckoning import Lines, Reckoning, reckon

fens = st.integers(-(10**9), 10**9)
parts = st.integers(0, 10**6)


@given(fens, st.integers(-(10**6), 10**6), st.integers(0, 5000), parts, fens, fens)
def test_what_comes_in_is_paid_or_carried(
    gross: int, fee: int, reserve_bp: int, released: int, carried: int, available: int
) -> None:
    lines = Lines(1, gross, fee)

    found = reckon(lines, reserve_bp=reserve_bp, released=released, carried_in=carried, available=available)

    came = found.gross - found.fee - found.reserve + found.released + found.carried_in
    assert came == found.payout + found.carried_out
    assert found.payout == 0 or found.payout <= available - fee - found.reserve + released
    assert found.payout >= 0
    assert 0 <= found.reserve <= max(0, gross - fee)


def test_a_negative_batch_is_carried() -> None:
    found = reckon(Lines(2, -500, -3), reserve_bp=1000, released=0, carried_in=-100, available=-600)

    assert found == Reckoning(-500, -3, 0, 0, -100, 0, -597)
