"""What time it is, as a thing that is handed in: rules never ask the machine."""

import datetime as dt
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> dt.datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)


class ManualClock:
    """A clock that stands still until it is moved: for tests and simulations."""

    def __init__(self, start: dt.datetime = dt.datetime(2026, 11, 21, 8, tzinfo=dt.UTC)) -> None:
        self._now = start

    def now(self) -> dt.datetime:
        return self._now

    def advance(self, **span: float) -> None:
        """Move on, by the arguments of ``timedelta``."""
        self._now += dt.timedelta(**span)
