"""A fee for each payment: a rate, a least and a most. Arithmetic: no web, no database. All figures are fen."""

from dataclasses import dataclass

WHOLE = 10_000
"""Basis points of a whole."""


@dataclass(frozen=True, slots=True)
class Fee:
    """``bp`` basis points of a payment, half a fen rounded up; at least and at most so much, and never more than it."""

    bp: int
    least_fen: int = 0
    most_fen: int | None = None

    def of(self, fen: int) -> int:
        """The fee of a payment."""
        rate = max((fen * self.bp + WHOLE // 2) // WHOLE, self.least_fen)
        return min(rate, fen, fen if self.most_fen is None else self.most_fen)


def given_back(fee: int, paid: int, refunded: int) -> int:
    """What of a payment's fee all its refunds together give back: in proportion, and all of it in the end."""
    return (fee * refunded + paid // 2) // paid
