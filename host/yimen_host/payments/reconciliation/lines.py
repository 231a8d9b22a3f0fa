"""The two sides of a day as values: our lines, the channel's lines, and what was agreed about fees."""

from dataclasses import dataclass
from enum import StrEnum

from yimen_host.payments.fees import Fee


class Way(StrEnum):
    """Which way the money went."""

    PAYMENT = "payment"
    """In."""
    REFUND = "refund"
    """Back."""


class Standing(StrEnum):
    """What we know of a number in a bill when it is no line of ours on that day."""

    ANOTHER_DAY = "another_day"
    """Its money is booked, on another day."""
    UNDER_WAY = "under_way"
    """It has not ended yet."""
    NO_MONEY = "no_money"
    """It ended, and no money moved."""
    GIVEN_BACK = "given_back"
    """Its money came, and all of it went back."""


@dataclass(frozen=True, slots=True)
class OurLine:
    """An attempt or a refund that ended on the day. ``fen`` is the ledger's figure; None: it has no posting."""

    ref: str
    way: Way
    fen: int | None
    currency: str
    channel_ref: str


@dataclass(frozen=True, slots=True)
class TheirLine:
    """A line of the bill. ``ref`` is our own number, as the channel tells it."""

    ref: str
    way: Way
    fen: int
    fee_fen: int
    currency: str
    channel_ref: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What a day is counted in. With no agreed ``fee`` the channel's fees are not checked."""

    currency: str
    fee: Fee | None

    def ours(self, line: OurLine) -> int:
        """What one of our lines counts: a refund below zero, another currency nothing."""
        return _signed(line.way, line.fen or 0) if line.currency == self.currency else 0

    def theirs(self, line: TheirLine) -> int:
        """What a line of the bill counts; a fee above the agreed one is money that we do not get."""
        return _signed(line.way, line.fen - self.excess(line)) if line.currency == self.currency else 0

    def excess(self, line: TheirLine) -> int:
        """How far the fee is above what was agreed; below zero when it is less."""
        return 0 if self.fee is None else line.fee_fen - self.fee.of(line.fen)


def _signed(way: Way, fen: int) -> int:
    return fen if way is Way.PAYMENT else -fen
