"""What the pages of coupons show: small values, made from rows."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yimen_host.payments.coupons.answers import AlreadyClaimed, Answer, SoldOut, Won
from yimen_host.payments.coupons.campaigns import CampaignState
from yimen_host.payments.coupons.coupon import CouponState
from yimen_host.payments.coupons.eligibility import Eligibility, NotEligible, Reason
from yimen_host.payments.coupons.models import CampaignRow, CouponRow, CouponShareRow
from yimen_host.payments.models import AttemptRow
from yimen_sdk.money import Money

REASON_WORDS: Mapping[str, str] = {
    Reason.NOT_VERIFIED: "请先完成实名认证",
    Reason.NOT_RUNNING: "活动暂停或已结束",
    Reason.NOT_YET: "还没有到开始时间",
    Reason.TOO_LATE: "已经过了截止时间",
    Reason.OTHER_REGION: "只发给活动地区的居民",
    Reason.LIMIT: "您已领到上限",
    Reason.NOT_IN_HAND: "这张券已用于别的订单，或已失效",
    Reason.BELOW_THRESHOLD: "订单金额没有达到使用门槛",
    Reason.OTHER_MERCHANT: "这家商户不在使用范围内",
    Reason.MERCHANT_ELSEWHERE: "这家商户不在使用地区内",
    Reason.OTHER_CURRENCY: "币种不符",
    Reason.NOTHING_LEFT: "不能与已选的券叠加",
}
CAMPAIGN_WORDS = {
    CampaignState.DRAFT: ("待审批", "note"),
    CampaignState.DISCARDED: ("已放弃", "plain"),
    CampaignState.APPROVED: ("已批准", "note"),
    CampaignState.RUNNING: ("进行中", "good"),
    CampaignState.PAUSED: ("已暂停", "warn"),
    CampaignState.EXHAUSTED: ("已领完", "plain"),
    CampaignState.ENDED: ("已结束", "plain"),
    CampaignState.SETTLED: ("已结清", "plain"),
}
COUPON_WORDS = {
    CouponState.CLAIMED: ("可使用", "good"),
    CouponState.RELEASED: ("可使用", "good"),
    CouponState.LOCKED: ("付款中", "note"),
    CouponState.USED: ("已使用", "plain"),
    CouponState.EXPIRED: ("已过期", "plain"),
    CouponState.VOID: ("已作废", "warn"),
}
ACT_WORDS = {
    "plan": "策划",
    "approve": "批准",
    "discard": "放弃",
    "start": "启动并拨付预算",
    "pause": "暂停",
    "resume": "恢复",
    "end": "结束",
    "settle": "结清并退回余额",
    "revoke": "收回一张券",
}
TOLD_WORDS = {
    "won": ("领取成功，付款时会自动抵扣", "good"),
    "already_claimed": ("您已经领过这张券了", "good"),
    "sold_out": ("已经领完了", "plain"),
    "sold_out_today": ("今天的已经领完了，明天再来", "plain"),
    "try_later": ("领取的人太多，请稍后再试", "warn"),
}


@dataclass(frozen=True)
class CampaignView:
    """A campaign as the coupon centre shows it. ``slot`` is the coupon that a click would ask for."""

    id: str
    title: str
    department: str
    face: Money
    threshold: Money
    left_percent: int
    claim_from: dt.datetime
    claim_until: dt.datetime
    use_until: dt.datetime
    slot: int
    claimable: bool
    why_not: str | None


@dataclass(frozen=True)
class CouponView:
    """A coupon as its holder sees it."""

    id: str
    title: str
    face: Money
    threshold: Money
    use_from: dt.datetime
    use_until: dt.datetime
    label: str
    tone: str
    order_id: str | None


@dataclass(frozen=True)
class Part:
    """What one coupon paid."""

    title: str
    amount: Money


@dataclass(frozen=True)
class PaidByCoupons:
    """How an order was paid: by coupons, and the rest by the payer."""

    parts: tuple[Part, ...]
    payer: Money


def campaign_view(row: CampaignRow, held: int, verdict: Eligibility) -> CampaignView:
    """Show a campaign to somebody who holds so many of its coupons, with what the rule says of one more."""
    why_not: str | None = None
    if row.state == CampaignState.EXHAUSTED:
        why_not = CAMPAIGN_WORDS[CampaignState.EXHAUSTED][0]
    elif isinstance(verdict, NotEligible):
        why_not = REASON_WORDS[verdict.reason]
    return CampaignView(
        id=row.id,
        title=row.title,
        department=row.department,
        face=Money(row.face_fen, row.currency),
        threshold=Money(row.threshold_fen, row.currency),
        left_percent=-(-(row.stock - row.issued) * 100 // row.stock),
        claim_from=row.claim_from,
        claim_until=row.claim_until,
        use_until=row.use_until,
        slot=held + 1,
        claimable=why_not is None,
        why_not=why_not,
    )


def coupon_view(coupon: CouponRow, campaign: CampaignRow) -> CouponView:
    """Show a coupon."""
    label, tone = COUPON_WORDS[CouponState(coupon.state)]
    return CouponView(
        id=coupon.id,
        title=campaign.title,
        face=Money(campaign.face_fen, campaign.currency),
        threshold=Money(campaign.threshold_fen, campaign.currency),
        use_from=campaign.use_from,
        use_until=campaign.use_until,
        label=label,
        tone=tone,
        order_id=coupon.order_id,
    )


def told(answer: Answer) -> str:
    """The word by which a page remembers what a click was answered."""
    match answer:
        case Won():
            return "won"
        case AlreadyClaimed():
            return "already_claimed"
        case SoldOut(today):
            return "sold_out_today" if today else "sold_out"
        case NotEligible(reason):
            return reason.value
        case _:
            return "try_later"


def told_words(word: str) -> tuple[str, str] | None:
    """What a page says about such a word, and its tone."""
    if word in REASON_WORDS:
        return REASON_WORDS[word], "warn"
    return TOLD_WORDS.get(word)


def paid_by(attempt: AttemptRow, shares: Sequence[tuple[CouponShareRow, CampaignRow]]) -> PaidByCoupons | None:
    """Show how an attempt was paid, when coupons were part of it."""
    if not shares:
        return None
    parts = tuple(Part(campaign.title, Money(share.fen, attempt.currency)) for share, campaign in shares)
    return PaidByCoupons(parts, Money(attempt.amount_fen, attempt.currency))
