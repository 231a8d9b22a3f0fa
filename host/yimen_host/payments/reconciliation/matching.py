"""Compares what we have under a number with what the channel's bill has under it. Arithmetic: no web, no database.

The differences of a day always sum to the bill less our books: nothing is explained away here.
"""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from yimen_host.payments.reconciliation.kinds import BreakKind
from yimen_host.payments.reconciliation.lines import OurLine, Standing, Terms, TheirLine, Way

_UNMATCHED = {
    None: BreakKind.UNKNOWN_REFERENCE,
    Standing.ANOTHER_DAY: BreakKind.WRONG_DAY,
    Standing.UNDER_WAY: BreakKind.STATE_DIFFERS,
    Standing.NO_MONEY: BreakKind.MISSING_HERE,
    Standing.GIVEN_BACK: BreakKind.REVERSED_HERE,
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. ``fen`` is the bill less our books; ``ordinal`` tells equal ones of a number apart."""

    kind: BreakKind
    ref: str
    way: Way
    channel_ref: str
    ours_fen: int | None
    theirs_fen: int | None
    fen: int
    ordinal: int = 0


def match(
    ours: Iterable[OurLine],
    theirs: Iterable[TheirLine],
    terms: Terms,
    *,
    standings: Mapping[str, Standing],
    billed: Container[str],
) -> list[Difference]:
    """Tell every difference. ``billed`` holds the channel's numbers of all payments in the bill.

    ``standings`` says what we know of numbers that are no line of ours; lines that agree may be left out of both sides.
    """
    here = {line.ref: line for line in ours}
    there: dict[str, list[TheirLine]] = defaultdict(list)
    for line in theirs:
        there[line.ref].append(line)
    found: list[Difference] = []
    for ref in sorted(here.keys() | there.keys()):
        found += _compare(here.get(ref), there.get(ref, []), terms, standing=standings.get(ref), billed=billed)
    return found


def _compare(
    ours: OurLine | None,
    theirs: Sequence[TheirLine],
    terms: Terms,
    *,
    standing: Standing | None,
    billed: Container[str],
) -> list[Difference]:
    if not theirs:
        assert ours is not None
        kind = _why_not_there(ours, billed)
        return [Difference(kind, ours.ref, ours.way, ours.channel_ref, ours.fen, None, -terms.ours(ours))]
    first, *others = sorted(theirs, key=lambda line: (*_distance(line, ours, terms), *_order(line)))
    kind_or_none = _UNMATCHED[standing] if ours is None else _why(ours, first, terms)
    found = [] if kind_or_none is None else [_difference(kind_or_none, first, terms, ours)]
    seen: Counter[tuple[str, int]] = Counter((one.channel_ref, one.fen) for one in found)
    for line in others:
        more = _difference(BreakKind.DUPLICATE_THERE, line, terms, None, seen[line.channel_ref, terms.theirs(line)])
        seen[more.channel_ref, more.fen] += 1
        found.append(more)
    return found


def _why_not_there(ours: OurLine, billed: Container[str]) -> BreakKind:
    if ours.fen is None:
        return BreakKind.NOT_POSTED
    if ours.way is Way.PAYMENT and ours.channel_ref in billed:
        return BreakKind.DUPLICATE_HERE
    return BreakKind.MISSING_THERE


def _why(ours: OurLine, theirs: TheirLine, terms: Terms) -> BreakKind | None:
    for differs, kind in (
        (ours.fen is None, BreakKind.NOT_POSTED),
        (ours.currency != theirs.currency, BreakKind.CURRENCY_DIFFERS),
        (ours.way is not theirs.way, BreakKind.KIND_DIFFERS),
        (ours.fen != theirs.fen, BreakKind.AMOUNT_DIFFERS),
        (terms.excess(theirs) != 0, BreakKind.FEE_DIFFERS),
    ):
        if differs:
            return kind
    return None


def _difference(kind: BreakKind, line: TheirLine, terms: Terms, ours: OurLine | None, ordinal: int = 0) -> Difference:
    fen = terms.theirs(line) - (0 if ours is None else terms.ours(ours))
    return Difference(
        kind, line.ref, line.way, line.channel_ref, None if ours is None else ours.fen, line.fen, fen, ordinal
    )


def _distance(line: TheirLine, ours: OurLine | None, terms: Terms) -> tuple[bool, ...]:
    """How far a line is from ours: of several lines, the nearest one is compared and the others are too many."""
    if ours is None:
        return ()
    return (
        line.way is not ours.way,
        line.currency != ours.currency,
        line.fen != ours.fen,
        line.channel_ref != ours.channel_ref,
        terms.excess(line) != 0,
    )


def _order(line: TheirLine) -> tuple[str, str, int, int, str]:
    return (line.channel_ref, line.way, line.fen, line.fee_fen, line.currency)
