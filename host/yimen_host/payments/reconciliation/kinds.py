"""In how many ways the other side's bill can differ from our books. Each difference is of exactly one kind."""

from enum import StrEnum


class BreakKind(StrEnum):
    """What is wrong with a line."""

    MISSING_THERE = "missing_there"
    """We have booked it, and the channel's bill does not have it."""
    MISSING_HERE = "missing_here"
    """The bill has it, and we know it as something for which no money moved."""
    REVERSED_HERE = "reversed_here"
    """The file has it, and we have given its money back."""
    UNKNOWN_REFERENCE = "unknown_reference"
    """The bill names a number that is none of ours."""
    DUPLICATE_THERE = "duplicate_there"
    """The bill has more than one line of it."""
    DUPLICATE_HERE = "duplicate_here"
    """We have booked one payment of the channel for two of ours."""
    AMOUNT_DIFFERS = "amount_differs"
    """Both have it, and not with the same amount."""
    FEE_DIFFERS = "fee_differs"
    """The channel charged another fee than was agreed."""
    KIND_DIFFERS = "kind_differs"
    """For one of us it is a payment, for the other a refund."""
    STATE_DIFFERS = "state_differs"
    """The bill has it, and for us it is still under way."""
    WRONG_DAY = "wrong_day"
    """Both have it, on different days: the other day's run shows the same amount the other way round."""
    CURRENCY_DIFFERS = "currency_differs"
    """Both have it, in different currencies."""
    NOT_POSTED = "not_posted"
    """We call it settled, and the ledger has no posting of it."""
