"""A token bucket: so many a second in the long run, and some at once. Two floats, no lock, no clock of its own."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """How often something may be done."""

    a_second: float
    at_once: float
    """As many may come together after a rest."""


UNLIMITED = Rate(1e12, 1e12)
"""More than any machine does; not infinite, for arithmetic's sake."""


class Bucket:
    """What is left of a rate."""

    __slots__ = ("_at", "_left", "rate")

    def __init__(self, rate: Rate, now: float) -> None:
        self.rate = rate
        self._left = rate.at_once
        self._at = now

    def take(self, now: float) -> bool:
        """Take one, when one is left."""
        if self.left(now) < 1.0:
            return False
        self._left -= 1.0
        return True

    def spend(self, now: float, amount: float) -> None:
        """Take what was used already, into debt if need be."""
        self._left = self.left(now) - amount

    def left(self, now: float) -> float:
        """Return what is left."""
        self._left = min(self.rate.at_once, self._left + (now - self._at) * self.rate.a_second)
        self._at = now
        return self._left


class Meter:
    """One bucket for each mini-app, and how often one was found empty."""

    def __init__(self, rate_of: Callable[[str], Rate], clock: Callable[[], float]) -> None:
        self._rate_of = rate_of
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}
        self.refused: Counter[str] = Counter()
        """By mini-app, since this process began."""

    def take(self, app_id: str) -> bool:
        """Take one, when one is left."""
        bucket = self._buckets.get(app_id)
        now = self._clock()
        if bucket is None:
            bucket = self._buckets[app_id] = Bucket(self._rate_of(app_id), now)
        return bucket.take(now)

    def change(self) -> None:
        """Go on with the rates that hold now; what was taken stays taken."""
        for app_id, bucket in self._buckets.items():
            bucket.left(self._clock())  # what came in until now came at the rate before
            bucket.rate = self._rate_of(app_id)

    def admit(self, app_id: str) -> bool:
        """Take one, and count when none is left."""
        if self.take(app_id):
            return True
        self.refused[app_id] += 1
        return False
