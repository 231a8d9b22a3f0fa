"""Campaigns 活动: the life of a coupon budget. Knows no money and no people; see terms and planning."""

from enum import StrEnum

from yimen_host.payments.machine import Machine


class CampaignState(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    """Planned; waits for two other people."""
    DISCARDED = "discarded"
    """Given up before it was approved."""
    APPROVED = "approved"
    """Two people agreed; no money was set aside yet."""
    RUNNING = "running"
    """Its budget is in the ledger and residents can claim."""
    PAUSED = "paused"
    """Nobody can claim for now; coupons that are out can be used."""
    EXHAUSTED = "exhausted"
    """The last coupon was claimed."""
    ENDED = "ended"
    """Stopped, or its time for claiming is over; coupons that are out can be used."""
    SETTLED = "settled"
    """No coupon is out any more and what was left of the budget went back."""


class CampaignEvent(StrEnum):
    """What can happen to a campaign."""

    APPROVE = "approve"
    """The second of two people agrees."""
    DISCARD = "discard"
    """Its planner, or whoever was asked, gives it up."""
    START = "start"
    """Its budget is paid in and claiming begins."""
    PAUSE = "pause"
    """Somebody holds it."""
    RESUME = "resume"
    """Somebody lets it go on."""
    EXHAUST = "exhaust"
    """A claim takes the last coupon."""
    END = "end"
    """Somebody stops it, or its time is over."""
    SETTLE = "settle"
    """What is left of the budget is given back."""


S, E = CampaignState, CampaignEvent
CAMPAIGN = Machine(
    "campaign",
    S.DRAFT,
    {
        (S.DRAFT, E.APPROVE): S.APPROVED,
        (S.DRAFT, E.DISCARD): S.DISCARDED,
        (S.APPROVED, E.DISCARD): S.DISCARDED,
        (S.APPROVED, E.START): S.RUNNING,
        (S.RUNNING, E.PAUSE): S.PAUSED,
        (S.PAUSED, E.RESUME): S.RUNNING,
        (S.RUNNING, E.EXHAUST): S.EXHAUSTED,
        (S.RUNNING, E.END): S.ENDED,
        (S.PAUSED, E.END): S.ENDED,
        (S.EXHAUSTED, E.SETTLE): S.SETTLED,
        (S.ENDED, E.SETTLE): S.SETTLED,
    },
)
