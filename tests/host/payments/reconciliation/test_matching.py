"""The matching rule against a bill that was spoiled on purpose, and against a model that only knows how to add."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from yimen_host.payments.fees import Fee
from yimen_host.payments.reconciliation.kinds import BreakKind
from yimen_host.payments.reconciliation.lines import OurLine, Standing, Terms, TheirLine, Way
from yimen_host.payments.reconciliation.matching import match

TERMS = Terms("CNY", Fee(60))
K = BreakKind

refs = st.sampled_from([f"att_{n}" for n in range(6)])
ways = st.sampled_from(Way)
fens = st.integers(1, 500)
currencies = st.sampled_from(["CNY", "CNY", "USD"])
ours = st.builds(OurLine, refs, ways, st.one_of(st.none(), fens), currencies, st.sampled_from(["", "w0", "w1"]))
theirs = st.builds(TheirLine, refs, ways, fens, st.integers(0, 5), currencies, st.sampled_from(["", "w0", "w1"]))
standings = st.dictionaries(refs, st.sampled_from(Standing))


def fee(fen: int) -> int:
    """The agreed 0.6 percent."""
    return (fen * 60 + 5000) // 10000


def agreed(ref: str, fen: int = 100, way: Way = Way.PAYMENT) -> tuple[OurLine, TheirLine]:
    """A line that both sides have alike."""
    return (OurLine(ref, way, fen, "CNY", f"w-{ref}"), TheirLine(ref, way, fen, fee(fen), "CNY", f"w-{ref}"))


@given(st.lists(ours, unique_by=lambda line: line.ref), st.lists(theirs, max_size=12), standings)
def test_differences_sum_to_the_bill_less_our_books(
    here: list[OurLine], there: list[TheirLine], known: dict[str, Standing]
) -> None:
    def counted(way: Way, fen: int, currency: str) -> int:
        return 0 if currency != "CNY" else fen if way is Way.PAYMENT else -fen

    bill = sum(counted(line.way, line.fen - line.fee_fen + fee(line.fen), line.currency) for line in there)
    books = sum(counted(line.way, line.fen or 0, line.currency) for line in here)

    found = match(here, there, TERMS, standings=known, billed={line.channel_ref for line in there})

    assert sum(one.fen for one in found) == bill - books


@given(st.lists(ours, unique_by=lambda line: line.ref), st.lists(theirs, max_size=12), standings, st.randoms())
def test_the_order_of_lines_changes_nothing(
    here: list[OurLine], there: list[TheirLine], known: dict[str, Standing], chance: object
) -> None:
    shuffled = list(there)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis's random
    once = match(here, there, TERMS, standings=known, billed=set())

    again = match(here[::-1], shuffled, TERMS, standings=known, billed=set())

    assert again == once
    assert len({(one.ref, one.channel_ref, one.fen, one.ordinal) for one in once}) == len(once)


@given(st.dictionaries(st.integers(0, 400), st.sampled_from(K), max_size=40), st.integers(1, 400))
def test_a_spoiled_bill_shows_just_what_was_spoiled(planted: dict[int, BreakKind], lines: int) -> None:
    planted = {n: kind for n, kind in planted.items() if n < lines}
    here: list[OurLine] = []
    there: list[TheirLine] = []
    known: dict[str, Standing] = {}
    for n in range(lines):
        own, other = agreed(f"att_{n:03}", 100 + n, Way.REFUND if n % 7 == 0 else Way.PAYMENT)
        mine, bill, standing = spoil(planted.get(n), own, other)
        here += mine
        there += bill
        known.update({own.ref: standing} if standing else {})

    found = match(here, there, TERMS, standings=known, billed={line.channel_ref for line in there})

    assert {(one.ref, one.kind) for one in found} == {
        (f"att_{n:03}" + ("-twin" if kind is K.DUPLICATE_HERE else ""), kind) for n, kind in planted.items()
    }
    assert len(found) == len(planted)


def spoil(
    kind: BreakKind | None, own: OurLine, other: TheirLine
) -> tuple[list[OurLine], list[TheirLine], Standing | None]:
    """Both sides of a line after one thing went wrong."""
    twin = replace(own, ref=f"{own.ref}-twin", way=Way.PAYMENT)
    payment = replace(other, way=Way.PAYMENT)
    other_way = Way.REFUND if other.way is Way.PAYMENT else Way.PAYMENT
    spoiled: dict[BreakKind | None, tuple[list[OurLine], list[TheirLine], Standing | None]] = {
        None: ([own], [other], None),
        K.MISSING_THERE: ([own], [], None),
        K.MISSING_HERE: ([], [other], Standing.NO_MONEY),
        K.REVERSED_HERE: ([], [other], Standing.GIVEN_BACK),
        K.UNKNOWN_REFERENCE: ([], [other], None),
        K.DUPLICATE_THERE: ([own], [other, other], None),
        K.DUPLICATE_HERE: ([replace(own, way=Way.PAYMENT), twin], [payment], None),
        K.AMOUNT_DIFFERS: ([own], [replace(other, fen=other.fen + 1, fee_fen=fee(other.fen + 1))], None),
        K.FEE_DIFFERS: ([own], [replace(other, fee_fen=other.fee_fen + 1)], None),
        K.KIND_DIFFERS: ([own], [replace(other, way=other_way)], None),
        K.STATE_DIFFERS: ([], [other], Standing.UNDER_WAY),
        K.WRONG_DAY: ([], [other], Standing.ANOTHER_DAY),
        K.CURRENCY_DIFFERS: ([own], [replace(other, currency="USD")], None),
        K.NOT_POSTED: ([replace(own, fen=None)], [other], None),
    }
    return spoiled[kind]


def test_without_an_agreed_fee_none_is_checked() -> None:
    own, other = agreed("att_1")

    found = match([own], [replace(other, fee_fen=99)], Terms("CNY", None), standings={}, billed=set())

    assert found == []
