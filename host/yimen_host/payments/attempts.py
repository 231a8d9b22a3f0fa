"""Attempts: one try to pay an order through one channel. "We do not know" is a state, left by asking only."""

import datetime as dt
from enum import StrEnum

from yimen_host.payments.machine import Machine

SUBMITTED_PATIENCE = dt.timedelta(seconds=60)
"""How long a submitted attempt may go unheard of before we ask the channel."""
QUERY_STEPS = tuple(dt.timedelta(seconds=s) for s in (5, 15, 30, 60, 180, 600, 1800, 3600))
"""How long to wait before each further question to a channel; the last step repeats."""


class AttemptState(StrEnum):
    """Where an attempt stands."""

    CREATED = "created"
    """Written down before any channel heard of it."""
    SUBMITTED = "submitted"
    """The channel knows of it; the resident is, or was, at the channel's page."""
    SETTLED = "settled"
    """Its money is in the ledger, for the order."""
    DECLINED = "declined"
    """No money moved."""
    UNCERTAIN = "uncertain"
    """The channel does not answer: we do not know, and ask again."""
    LATE = "late"
    """Money came that no open order waits for; it is in suspense."""
    REFUNDED = "refunded"
    """The late money went back."""


class AttemptEvent(StrEnum):
    """What can happen to an attempt."""

    SUBMIT = "submit"
    """It is handed to the channel."""
    SETTLE = "settle"
    """The channel says paid, and the order waits for it."""
    DECLINE = "decline"
    """The channel says that it was not and will not be paid."""
    DOUBT = "doubt"
    """The channel was asked and did not answer."""
    COME_LATE = "come_late"
    """The channel says paid, and the order is cancelled, expired or paid already; or the amount is another."""
    REFUND = "refund"
    """The late money has been given back."""


S, E = AttemptState, AttemptEvent
ATTEMPT = Machine(
    "attempt",
    S.CREATED,
    {
        (S.CREATED, E.SUBMIT): S.SUBMITTED,
        (S.CREATED, E.DECLINE): S.DECLINED,
        (S.SUBMITTED, E.SETTLE): S.SETTLED,
        (S.SUBMITTED, E.DECLINE): S.DECLINED,
        (S.SUBMITTED, E.DOUBT): S.UNCERTAIN,
        (S.SUBMITTED, E.COME_LATE): S.LATE,
        (S.UNCERTAIN, E.SETTLE): S.SETTLED,
        (S.UNCERTAIN, E.DECLINE): S.DECLINED,
        (S.UNCERTAIN, E.COME_LATE): S.LATE,
        # A channel may say "closed" and be paid all the same: the money is real, so it is never turned away.
        (S.DECLINED, E.COME_LATE): S.LATE,
        (S.LATE, E.REFUND): S.REFUNDED,
    },
)

UNFINISHED = (S.CREATED, S.SUBMITTED, S.UNCERTAIN)


def next_query_after(now: dt.datetime, queries: int) -> dt.datetime:
    """When to ask a channel again that was asked ``queries`` times."""
    return now + QUERY_STEPS[min(queries, len(QUERY_STEPS) - 1)]
