"""What a click for a coupon is answered, and what a process may answer without asking the database."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from yimen_host.payments.coupons.eligibility import NotEligible

MAX_REMEMBERED = 200_000  # winners whose second click is answered from memory; about 40 MB


@dataclass(frozen=True, slots=True)
class Won:
    """The coupon is theirs: it is in the database."""

    coupon_id: str


@dataclass(frozen=True, slots=True)
class AlreadyClaimed:
    """They have it already: this one."""

    coupon_id: str


@dataclass(frozen=True, slots=True)
class SoldOut:
    """None is left: of the whole stock, or, when ``today``, of the day's."""

    today: bool = False


@dataclass(frozen=True, slots=True)
class TryLater:
    """Too many clicks, or the database is away: nothing is known to have been given."""


Answer = Won | AlreadyClaimed | SoldOut | NotEligible | TryLater
SOLD_OUT, SOLD_OUT_TODAY, TRY_LATER = SoldOut(), SoldOut(today=True), TryLater()


class Memory:
    """What was seen to be final: a coupon once won stays won, a stock once out stays out, a day's until its end."""

    def __init__(self, today: Callable[[], dt.date]) -> None:
        self._today = today
        self._sold_out: dict[str, dt.date | None] = {}
        self._winners: dict[tuple[str, str, int], str] = {}

    def answer(self, campaign_id: str, person: str, slot: int) -> Answer | None:
        """What is known already about a click."""
        if (coupon_id := self._winners.get((campaign_id, person, slot))) is not None:
            return AlreadyClaimed(coupon_id)
        return self.sold_out(campaign_id)

    def sold_out(self, campaign_id: str) -> SoldOut | None:
        """Whether nothing is left of a campaign."""
        if campaign_id not in self._sold_out:
            return None
        day = self._sold_out[campaign_id]
        if day is None:
            return SOLD_OUT
        if day == self._today():
            return SOLD_OUT_TODAY
        del self._sold_out[campaign_id]
        return None

    def note_sold_out(self, campaign_id: str, *, today: bool) -> None:
        """The stock is out, or only today's."""
        self._sold_out[campaign_id] = self._today() if today else None

    def note_winner(self, campaign_id: str, person: str, slot: int, coupon_id: str) -> None:
        """Somebody won."""
        if len(self._winners) >= MAX_REMEMBERED:
            self._winners.clear()
        self._winners[campaign_id, person, slot] = coupon_id
