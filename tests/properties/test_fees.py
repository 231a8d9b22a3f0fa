"""What a payment costs its merchant: within its bounds, never more than the payment, and given back whole."""

from hypothesis import given
from hypothesis import strategies as st

from yimen_host.payments.fees import Fee, given_back

FEES = st.builds(Fee, st.integers(0, 2000), st.integers(0, 500), st.none() | st.integers(500, 10**5))
PAID = st.integers(1, 10**8)


@given(FEES, PAID)
def test_a_fee_is_within_its_bounds(fee: Fee, paid: int) -> None:
    charged = fee.of(paid)

    assert 0 <= charged <= paid
    assert charged >= min(fee.least_fen, paid)
    assert fee.most_fen is None or charged <= fee.most_fen


@given(FEES, PAID, st.lists(st.integers(1, 10**8), max_size=8))
def test_refunds_give_back_the_whole_fee_and_never_more(fee: Fee, paid: int, wanted: list[int]) -> None:
    charged, refunded, back = fee.of(paid), 0, 0
    for fen in [*wanted, paid]:
        part = min(fen, paid - refunded)
        more = given_back(charged, paid, refunded + part) - given_back(charged, paid, refunded)
        refunded, back = refunded + part, back + more

        assert more >= 0
        assert back <= charged

    assert (refunded, back) == (paid, charged)
