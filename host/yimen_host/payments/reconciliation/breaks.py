"""Breaks: differences that somebody must answer for, until money or a second person ends them."""

import datetime as dt
from enum import StrEnum

from yimen_host.payments.machine import Machine


class BreakState(StrEnum):
    """Where a break stands."""

    OPEN = "open"
    """Nobody has taken it up."""
    ASSIGNED = "assigned"
    """Somebody has."""
    RESOLVED = "resolved"
    """It is explained: by a posting, or by the other day's line."""
    WRITTEN_OFF = "written_off"
    """Two people agreed to bear it."""


class BreakEvent(StrEnum):
    """What can happen to a break."""

    ASSIGN = "assign"
    """Somebody takes it up, or hands it on."""
    RESOLVE = "resolve"
    """Its money is booked where it belongs, or it turned out to be none."""
    WRITE_OFF = "write_off"
    """A second person agrees to bear the loss, or to keep the gain."""


class Resolution(StrEnum):
    """How a break ended."""

    TAKEN_IN = "taken_in"
    """The payment was booked after all, as any late money."""
    SUSPENSE = "suspense"
    """The amount was moved from or to suspense."""
    TIMING = "timing"
    """The same amount stands the other way round on another day."""
    GONE = "gone"
    """A later run of the day does not find it any more."""
    SEEN = "seen"
    """No money of ours is at stake; somebody has looked at it."""
    LOSS = "loss"
    """Written off."""


S, E = BreakState, BreakEvent
BREAK = Machine(
    "break",
    S.OPEN,
    {
        (S.OPEN, E.ASSIGN): S.ASSIGNED,
        (S.ASSIGNED, E.ASSIGN): S.ASSIGNED,
        (S.OPEN, E.RESOLVE): S.RESOLVED,
        (S.ASSIGNED, E.RESOLVE): S.RESOLVED,
        (S.OPEN, E.WRITE_OFF): S.WRITTEN_OFF,
        (S.ASSIGNED, E.WRITE_OFF): S.WRITTEN_OFF,
    },
)

UNEXPLAINED = (S.OPEN, S.ASSIGNED)
OLD = dt.timedelta(days=3)
"""The age from which an unexplained difference is told to an admin: what two days' bills cancel out is over by then."""
BUCKETS = (1, 3, 7, 30)
"""The upper ends, in days, of the age groups of breaks; older ones are the last group."""


def bucket(day: dt.date, today: dt.date) -> int:
    """Which age group a day's break is in today: 0 the youngest, ``len(BUCKETS)`` the oldest."""
    age = (today - day).days
    return next((n for n, end in enumerate(BUCKETS) if age <= end), len(BUCKETS))
