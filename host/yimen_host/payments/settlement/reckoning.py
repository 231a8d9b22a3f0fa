"""What a batch comes to. Arithmetic: no web, no database. All figures are fen."""

from dataclasses import dataclass

from yimen_host.payments.fees import WHOLE


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a batch: how many, what they sum to, and the fee of each added up."""

    count: int
    gross: int
    fee: int


@dataclass(frozen=True, slots=True)
class Reckoning:
    """``gross - fee - reserve + released + carried_in == payout + carried_out``, always."""

    gross: int
    fee: int
    reserve: int
    released: int
    carried_in: int
    payout: int
    carried_out: int


def reckon(lines: Lines, *, reserve_bp: int, released: int, carried_in: int, available: int) -> Reckoning:
    """Reckon a batch. ``available`` is what the merchant has now, later refunds included: no more is paid out.

    A reserve is kept of what the lines bring after their fee; what is below zero, or not there, is carried forward.
    """
    brought = lines.gross - lines.fee
    reserve = max(0, brought) * reserve_bp // WHOLE
    due = brought - reserve + released + carried_in
    left = available - lines.fee - reserve + released
    payout = max(0, min(due, left))
    return Reckoning(lines.gross, lines.fee, reserve, released, carried_in, payout, due - payout)
