"""Batches as a state machine. That a bank does not answer is no state of its own: a submitted batch is asked about."""

from enum import StrEnum

from yimen_host.payments.machine import Machine


class BatchState(StrEnum):
    """Where a batch stands. Lines that are in no batch yet are the open one."""

    CLOSED = "closed"
    """Its lines are fixed; fee and reserve are booked."""
    CARRIED = "carried"
    """There is nothing to pay: what it comes to is carried into the next."""
    SUBMITTED = "submitted"
    """Its money is set aside and the bank is told, or does not answer."""
    PAID = "paid"
    """The bank has paid it."""
    FAILED = "failed"
    """The bank will not pay it: the account is wrong, say."""


class BatchEvent(StrEnum):
    """What can happen to a batch."""

    CARRY = "carry"
    """It is closed with nothing to pay."""
    SUBMIT = "submit"
    """Its money is set aside, before the bank hears of it."""
    PAY = "pay"
    """The bank says that it is paid."""
    FAIL = "fail"
    """The bank says that it never will."""
    REOPEN = "reopen"
    """A person has seen to the reason, and it is to be paid again."""


S, E = BatchState, BatchEvent
BATCH = Machine(
    "batch",
    S.CLOSED,
    {
        (S.CLOSED, E.CARRY): S.CARRIED,
        (S.CLOSED, E.SUBMIT): S.SUBMITTED,
        (S.SUBMITTED, E.PAY): S.PAID,
        (S.SUBMITTED, E.FAIL): S.FAILED,
        (S.FAILED, E.REOPEN): S.CLOSED,
    },
)
