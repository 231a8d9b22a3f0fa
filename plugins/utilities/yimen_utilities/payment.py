"""A bill payment 缴费, from the resident's wish to the power company's answer: one table of states."""

import datetime as dt
from enum import StrEnum

DEADLINE = dt.timedelta(minutes=5)
"""How long the power company may take to say what became of a payment since it was first told of it."""


class State(StrEnum):
    """Where a bill payment stands."""

    CREATED = "created"
    """The resident wants to pay; no money has moved."""
    FUNDED = "funded"
    """The money is in the ledger; the power company does not know yet."""
    SUBMITTED = "submitted"
    """The power company is being told."""
    CONFIRMED = "confirmed"
    """The power company has credited it."""
    REJECTED = "rejected"
    """The power company will not take it; the money goes back."""
    UNCERTAIN = "uncertain"
    """The power company gave no answer: we ask, we never guess."""
    REVERSING = "reversing"
    """No answer by the deadline: the power company is told to undo it 冲正, and never again to take it."""
    REVERSED = "reversed"
    """Undone after an uncertain answer; the money goes back."""
    ABANDONED = "abandoned"
    """The order ended without payment."""


class Happens(StrEnum):
    """What can happen to a bill payment."""

    PAID = "paid"
    ENDED = "ended"
    TELL = "tell"
    CONFIRM = "confirm"
    REJECT = "reject"
    SILENCE = "silence"
    UNDO = "undo"
    REVERSE = "reverse"


NEXT: dict[tuple[State, Happens], State] = {
    (State.CREATED, Happens.PAID): State.FUNDED,
    (State.CREATED, Happens.ENDED): State.ABANDONED,
    (State.ABANDONED, Happens.PAID): State.FUNDED,  # the money came after all
    (State.ABANDONED, Happens.REJECT): State.REJECTED,  # it came, but somebody else pays the bill by now
    (State.FUNDED, Happens.TELL): State.SUBMITTED,
    (State.SUBMITTED, Happens.CONFIRM): State.CONFIRMED,
    (State.SUBMITTED, Happens.REJECT): State.REJECTED,
    (State.SUBMITTED, Happens.SILENCE): State.UNCERTAIN,
    (State.UNCERTAIN, Happens.CONFIRM): State.CONFIRMED,
    (State.UNCERTAIN, Happens.REJECT): State.REJECTED,
    (State.UNCERTAIN, Happens.TELL): State.SUBMITTED,
    (State.UNCERTAIN, Happens.REVERSE): State.REVERSED,
    (State.UNCERTAIN, Happens.UNDO): State.REVERSING,
    (State.REVERSING, Happens.REVERSE): State.REVERSED,
    (State.REVERSING, Happens.CONFIRM): State.CONFIRMED,  # it keeps what it has credited: too late to undo
    (State.REVERSING, Happens.REJECT): State.REJECTED,
}

ENDED = frozenset({State.CONFIRMED, State.REJECTED, State.REVERSED})
"""Nothing happens any more."""
UNDER_WAY = frozenset({State.CREATED, State.FUNDED, State.SUBMITTED, State.UNCERTAIN, State.REVERSING})
"""The bill is neither free nor paid."""


def after(state: State, event: Happens) -> State | None:
    """The next state, or None when the event means nothing there."""
    return NEXT.get((state, event))
