"""Dividing an amount over parts: nothing lost, nobody given more than their part."""

from hypothesis import given
from hypothesis import strategies as st

from yimen_sdk.money import Money
from yimen_sdk.split import Part, fault, in_proportion, taken_back

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


CODES = st.lists(st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True), min_size=1, max_size=16, unique=True)


@given(CODES, st.data())
def test_refunds_take_no_merchant_below_nothing_and_the_last_takes_all(codes: list[str], data: st.DataObject) -> None:
    got = {code: data.draw(st.integers(1, 10**7)) for code in codes}
    assert fault([Part(code, Money(fen)) for code, fen in got.items()], Money(sum(got.values()))) is None
    left, given_back = dict(got), 0
    while any(left.values()):
        most = sum(left.values())
        fen = data.draw(st.integers(max(1, most // 4), most))
        for code, taken in taken_back(fen, left).items():
            left[code] -= taken
        given_back += fen

        assert min(left.values()) >= 0
        assert sum(left.values()) + given_back == sum(got.values())
