"""Refunds 退款: money going back, reserved on the order before any channel hears of it."""

from enum import StrEnum

from yimen_host.payments.machine import Machine


class RefundState(StrEnum):
    """Where a refund stands."""

    REQUESTED = "requested"
    """Its amount is reserved, so no other refund can take it."""
    PROCESSING = "processing"
    """The ledger holds the money and the channel is giving it back, or does not answer."""
    SUCCEEDED = "succeeded"
    """The money went back."""
    FAILED = "failed"
    """The channel will not do it; the reserved amount is free again."""
    NEEDS_ACTION = "needs_action"
    """The channel cannot do it without a person: a closed card, say."""


class RefundEvent(StrEnum):
    """What can happen to a refund."""

    PROCESS = "process"
    """The money is set aside and the channel is told."""
    SUCCEED = "succeed"
    """The channel says that it went back."""
    FAIL = "fail"
    """The channel says that it never will."""
    GET_STUCK = "get_stuck"
    """The channel says that a person must act."""
    RETRY = "retry"
    """A person acted, and the channel is to be asked again."""


S, E = RefundState, RefundEvent
REFUND = Machine(
    "refund",
    S.REQUESTED,
    {
        (S.REQUESTED, E.PROCESS): S.PROCESSING,
        (S.REQUESTED, E.FAIL): S.FAILED,
        (S.PROCESSING, E.SUCCEED): S.SUCCEEDED,
        (S.PROCESSING, E.FAIL): S.FAILED,
        (S.PROCESSING, E.GET_STUCK): S.NEEDS_ACTION,
        (S.NEEDS_ACTION, E.RETRY): S.PROCESSING,
        (S.NEEDS_ACTION, E.SUCCEED): S.SUCCEEDED,
        (S.NEEDS_ACTION, E.FAIL): S.FAILED,
    },
)
