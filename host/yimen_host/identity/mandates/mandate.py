"""A mandate 代办授权 as a value: its states, its terms and what bounds them. No database, no web."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from yimen_sdk.money import Money
from yimen_sdk.pages import CHINA

SCOPE = "bills.mandate"
"""A mini-app that declares it can be used for somebody else, and the delegate must have granted it there."""
LEAST_CAP, MOST_CAP = Money(100), Money(50_000_00)
DAYS = (90, 365, 1095)
"""How long a mandate may last; nobody gives one for ever."""
MOST_OPEN = 20
"""Mandates of one person at one time, either way: a family, not a business."""


class State(StrEnum):
    """Where a mandate stands."""

    ASKED = "asked"
    """The delegate asked for it; the representee has not answered."""
    ACTIVE = "active"
    """It counts, until its day."""
    REFUSED = "refused"
    """The representee said no, or the delegate took the request back."""
    REVOKED = "revoked"
    """One of the two ended it."""
    LAPSED = "lapsed"
    """Its day has come."""


class Event(StrEnum):
    """What can happen to a mandate."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    REVOKE = "revoke"
    LAPSE = "lapse"


MOVES: Mapping[tuple[State, Event], State] = {
    (State.ASKED, Event.CONFIRM): State.ACTIVE,
    (State.ASKED, Event.REFUSE): State.REFUSED,
    (State.ASKED, Event.LAPSE): State.LAPSED,
    (State.ACTIVE, Event.REVOKE): State.REVOKED,
    (State.ACTIVE, Event.LAPSE): State.LAPSED,
}


@dataclass(frozen=True)
class Terms:
    """What a mandate allows: scopes of one mini-app, at most so much in one payment and in one month, for some days."""

    app_id: str
    scopes: frozenset[str]
    payment_cap: Money
    month_cap: Money
    days: int


@dataclass(frozen=True)
class Acting:
    """Somebody acts for somebody else: who does, and by which mandate."""

    delegate_id: str
    mandate_id: str


def sources(event: Event) -> tuple[State, ...]:
    """The states in which an event may happen."""
    return tuple(state for state, happening in MOVES if happening is event)


def target(event: Event) -> State:
    """Where an event leads."""
    (state,) = {state for (_, happening), state in MOVES.items() if happening is event}
    return state


def month_of(moment: dt.datetime) -> dt.date:
    """The first day of the month in China that a moment falls in: caps are counted by it."""
    return moment.astimezone(CHINA).date().replace(day=1)
