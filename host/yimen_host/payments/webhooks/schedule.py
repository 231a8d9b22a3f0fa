"""When a delivery is tried again, and when it is given up. Arithmetic only."""

import datetime as dt

STEPS = tuple(
    dt.timedelta(seconds=seconds) for seconds in (10, 60, 5 * 60, 30 * 60, 2 * 3600, 8 * 3600, 24 * 3600, 48 * 3600)
)
"""How long to wait after each failed try: nine tries in about three and a half days, as Standard Webhooks advises."""
JITTER = 0.2  # of a step, so that what failed together does not come back together
MAX_AGE = dt.timedelta(days=7)
"""A delivery that an endpoint in quiet or paused has held up for so long is given up as well."""
FIRST_QUIET = dt.timedelta(seconds=2)
LONGEST_QUIET = dt.timedelta(minutes=10)


def next_try(failed: int, *, now: dt.datetime, chance: float) -> dt.datetime | None:
    """When to try after ``failed`` tries (at least 1); None when there were enough. ``chance`` is from 0 to 1."""
    if failed > len(STEPS):
        return None
    return now + STEPS[failed - 1] * (1 + JITTER * chance)


def quiet_after(failures: int) -> dt.timedelta:
    """How long an endpoint is left alone after so many failures in a row (at least 1)."""
    doubled: int = 1 << min(failures - 1, 16)
    return min(FIRST_QUIET * doubled, LONGEST_QUIET)
