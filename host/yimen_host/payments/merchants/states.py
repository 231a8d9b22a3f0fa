"""A merchant's standing as a table."""

from enum import StrEnum

from yimen_host.payments.machine import Machine


class MerchantState(StrEnum):
    """Where a merchant stands."""

    APPLIED = "applied"
    """Its publisher has said who it is; nothing is paid out."""
    APPROVED = "approved"
    """An admin has agreed, and set the terms."""
    REFUSED = "refused"
    """An admin has not; the publisher may correct it."""


class MerchantEvent(StrEnum):
    """What can happen to a merchant."""

    APPLY = "apply"
    """Its publisher writes it down, anew or corrected: changed payout details are reviewed again."""
    APPROVE = "approve"
    """An admin who is not the applicant agrees."""
    REFUSE = "refuse"
    """An admin who is not the applicant refuses."""


S, E = MerchantState, MerchantEvent
MERCHANT = Machine(
    "merchant",
    S.APPLIED,
    {
        (S.APPLIED, E.APPLY): S.APPLIED,
        (S.REFUSED, E.APPLY): S.APPLIED,
        (S.APPROVED, E.APPLY): S.APPLIED,
        (S.APPLIED, E.APPROVE): S.APPROVED,
        (S.APPLIED, E.REFUSE): S.REFUSED,
    },
)
