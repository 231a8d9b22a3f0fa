"""When a dispatch goes, and when it is tried again. Arithmetic only."""

import datetime as dt

GATHER = dt.timedelta(minutes=1)
"""What is raised within it goes together: a storm begins as one message, and nobody is woken a minute later for it."""
APART = dt.timedelta(minutes=10)
"""Two messages of one kind on one way are at least so far apart."""
STEPS = tuple(dt.timedelta(seconds=seconds) for seconds in (10, 60, 5 * 60, 30 * 60))
"""How long to wait after each failed try; the last again and again, for nothing is given up."""


def due(now: dt.datetime, last: dt.datetime | None) -> dt.datetime:
    """When a dispatch that begins now goes; ``last`` is when the one before it on its way and of its kind went."""
    return max(now + GATHER, last + APART) if last else now + GATHER


def again(tries: int, now: dt.datetime) -> dt.datetime:
    """When to try after so many failed tries (at least 1)."""
    return now + STEPS[min(tries, len(STEPS)) - 1]
