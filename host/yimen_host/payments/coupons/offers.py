"""What the cashier offers of a person's coupons for an order: the best together, each alone, or none."""

from collections.abc import Sequence
from dataclasses import dataclass

from yimen_host.payments.coupons.eligibility import Eligible, Merchant, NotEligible, Reason
from yimen_host.payments.coupons.models import CampaignRow, CouponRow
from yimen_host.payments.coupons.redemption import MAX_COUPONS, Chosen, Redemption
from yimen_host.payments.models import OrderRow
from yimen_sdk.money import Money

Pair = tuple[CouponRow, CampaignRow]


@dataclass(frozen=True)
class Offer:
    """One choice: these coupons, worth so much, and what is left to pay."""

    coupon_ids: tuple[str, ...]
    titles: tuple[str, ...]
    off: Money
    left: Money

    @property
    def value(self) -> str:
        """What the form sends."""
        return ",".join(self.coupon_ids)


@dataclass(frozen=True)
class Unusable:
    """A coupon in hand that cannot be used here, and why."""

    title: str
    reason: Reason


@dataclass(frozen=True)
class Offers:
    """Every choice, the best first and none last; and what cannot be used."""

    choices: tuple[Offer, ...]
    unusable: tuple[Unusable, ...]


def offers(redemption: Redemption, order: OrderRow, merchants: tuple[Merchant, ...], held: Sequence[Pair]) -> Offers:
    """Judge what somebody holds for an order that pays these merchants."""
    empty = Chosen(merchants)
    usable: list[Pair] = []
    unusable: list[Unusable] = []
    for coupon, campaign in sorted(held, key=lambda pair: (-pair[1].face_fen, pair[1].use_until, pair[0].id)):
        match redemption.judge(order, empty, coupon, campaign):
            case Eligible():
                usable.append((coupon, campaign))
            case NotEligible(reason):
                unusable.append(Unusable(campaign.title, reason))
    together = empty
    for pair in usable:
        if len(together.coupons) < MAX_COUPONS and isinstance(redemption.judge(order, together, *pair), Eligible):
            together = Chosen(merchants, (*together.coupons, pair))
    alone = [Chosen(merchants, (pair,)) for pair in usable]
    choices = [together] if len(together.coupons) > 1 else []
    return Offers(tuple(_offer(order, chosen) for chosen in (*choices, *alone, empty)), tuple(unusable))


def _offer(order: OrderRow, chosen: Chosen) -> Offer:
    return Offer(
        coupon_ids=tuple(coupon.id for coupon, _ in chosen.coupons),
        titles=tuple(campaign.title for _, campaign in chosen.coupons),
        off=Money(chosen.fen, order.currency),
        left=Money(order.amount_fen - chosen.fen, order.currency),
    )
