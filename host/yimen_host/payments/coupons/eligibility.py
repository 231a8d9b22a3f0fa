"""Who may claim or use a coupon, and if not, why: one pure function for the pages, the cashier and the guards."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from yimen_host.payments.coupons.campaigns import CampaignState
from yimen_host.payments.coupons.coupon import IN_HAND, CouponState
from yimen_host.payments.coupons.terms import Terms
from yimen_sdk.money import Money

LEAST_PAID = Money(1)
"""What is left to pay after all coupons: a channel cannot take nothing."""


class Reason(StrEnum):
    """Why a coupon cannot be claimed or used."""

    NOT_VERIFIED = "not_verified"
    """The account is bound to no natural person."""
    NOT_RUNNING = "not_running"
    """The campaign is held, stopped or not begun."""
    NOT_YET = "not_yet"
    """Claiming, or using, has not begun."""
    TOO_LATE = "too_late"
    """The time for claiming, or for using, is over."""
    OTHER_REGION = "other_region"
    """The campaign is for residents of other regions."""
    LIMIT = "limit"
    """The person has as many as one person may have."""
    NOT_IN_HAND = "not_in_hand"
    """The coupon is part of another order, used, expired or void."""
    BELOW_THRESHOLD = "below_threshold"
    """The order is too small."""
    OTHER_MERCHANT = "other_merchant"
    """The merchant is of another class."""
    MERCHANT_ELSEWHERE = "merchant_elsewhere"
    """The merchant serves none of the campaign's regions."""
    OTHER_CURRENCY = "other_currency"
    """The order is in another currency."""
    NOTHING_LEFT = "nothing_left"
    """With the other coupons chosen nothing would be left to pay."""


@dataclass(frozen=True, slots=True)
class Eligible:
    """It may be done."""


@dataclass(frozen=True, slots=True)
class NotEligible:
    """It may not, and why."""

    reason: Reason


ELIGIBLE = Eligible()
Eligibility = Eligible | NotEligible


@dataclass(frozen=True, slots=True)
class Claiming:
    """Somebody wants the ``slot``-th coupon of a campaign. ``region``: where the person is registered."""

    state: str
    verified: bool
    region: str
    slot: int
    now: dt.datetime


@dataclass(frozen=True, slots=True)
class Merchant:
    """What a campaign asks about a merchant 商户: its class, and the prefixes of the regions that it serves.

    An empty prefix is the whole country; no prefix at all is nowhere.
    """

    kind: str
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Using:
    """Somebody wants to pay part of an order with a coupon. ``left``: what the coupons before this one leave.

    Every one of ``merchants``, whom the order pays, must be one of the campaign's.
    """

    state: str
    for_this_order: bool
    merchants: tuple[Merchant, ...]
    amount: Money
    left: Money
    now: dt.datetime


def eligible(terms: Terms, occasion: Claiming | Using) -> Eligibility:
    """Say whether the terms allow it, and if not the first reason why."""
    reason = _claiming(terms, occasion) if isinstance(occasion, Claiming) else _using(terms, occasion)
    return ELIGIBLE if reason is None else NotEligible(reason)


def _claiming(terms: Terms, who: Claiming) -> Reason | None:
    if not who.verified:
        return Reason.NOT_VERIFIED
    if who.now < terms.claim_from:
        return Reason.NOT_YET
    if who.now >= terms.claim_until:
        return Reason.TOO_LATE
    if who.state not in (CampaignState.RUNNING, CampaignState.EXHAUSTED):  # exhausted is an answer of its own
        return Reason.NOT_RUNNING
    if terms.resident_regions and not who.region.startswith(terms.resident_regions):
        return Reason.OTHER_REGION
    if not 1 <= who.slot <= terms.per_person:
        return Reason.LIMIT
    return None


def _using(terms: Terms, use: Using) -> Reason | None:
    locked_here = use.state == CouponState.LOCKED and use.for_this_order
    if not (locked_here or use.state in IN_HAND):
        return Reason.NOT_IN_HAND
    if use.now < terms.use_from:
        return Reason.NOT_YET
    if use.now >= terms.use_until:
        return Reason.TOO_LATE
    if use.amount.currency != terms.face.currency:
        return Reason.OTHER_CURRENCY
    if use.amount < terms.threshold:
        return Reason.BELOW_THRESHOLD
    if terms.merchant_classes and not {merchant.kind for merchant in use.merchants} <= {*terms.merchant_classes}:
        return Reason.OTHER_MERCHANT
    if not all(_serves(merchant, terms.merchant_regions) for merchant in use.merchants):
        return Reason.MERCHANT_ELSEWHERE
    if use.left - terms.face < LEAST_PAID:
        return Reason.NOTHING_LEFT
    return None


def _serves(merchant: Merchant, regions: tuple[str, ...]) -> bool:
    if not regions:
        return True
    return any(served.startswith(regions) or any(r.startswith(served) for r in regions) for served in merchant.regions)
