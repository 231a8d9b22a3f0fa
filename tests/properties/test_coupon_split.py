"""Dividing a refund over who paid: nothing lost, nobody given more than they paid."""

from hypothesis import given
from hypothesis import strategies as st

from yimen_host.payments.coupons.split import in_proportion

PARTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=6).filter(any)


@given(PARTS, st.data())
def test_the_shares_sum_to_the_amount_and_exceed_no_part(parts: list[int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, sum(parts)))

    shares = in_proportion(amount, parts)

    assert sum(shares) == amount
    assert all(0 <= share <= part for share, part in zip(shares, parts, strict=True))


@given(PARTS, st.lists(st.integers(1, 10**9), max_size=8))
def test_refunds_one_after_another_use_every_part_up(parts: list[int], wanted: list[int]) -> None:
    left = list(parts)
    for fen in [*wanted, sum(parts)]:
        shares = in_proportion(min(fen, sum(left)), left) if any(left) else [0] * len(left)
        left = [part - share for part, share in zip(left, shares, strict=True)]

    assert left == [0] * len(parts)


@given(PARTS, st.data())
def test_a_share_is_within_a_fen_of_its_proportion(parts: list[int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, sum(parts)))

    shares = in_proportion(amount, parts)

    whole = sum(parts)
    assert all(abs(share * whole - amount * part) < whole for share, part in zip(shares, parts, strict=True))
