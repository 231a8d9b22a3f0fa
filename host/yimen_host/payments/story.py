"""What happened to an order, told from its rows: opened, tried, paid, given back, told to webhooks. Oldest first."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yimen_host.payments.attempts import AttemptState
from yimen_host.payments.channels.channel import PaymentChannel
from yimen_host.payments.models import AttemptRow, OrderRow, RefundRow
from yimen_host.payments.orders import OrderState
from yimen_host.payments.refunds import RefundState
from yimen_host.payments.views import DECLINED_OTHERWISE, DECLINED_WORDS, REFUND_WORDS
from yimen_host.payments.webhooks.states import DeliveryState
from yimen_host.payments.webhooks.store import Letter
from yimen_sdk.money import Money

TRIED_WORDS = {
    AttemptState.SETTLED: ("付款成功", "good"),
    AttemptState.DECLINED: ("付款没有成功", "plain"),
    AttemptState.LATE: ("款项迟到，正在退回", "warn"),
    AttemptState.REFUNDED: ("迟到的款项已退回", "plain"),
}
ENDED_WORDS = {OrderState.CANCELLED: ("订单已取消", "plain"), OrderState.EXPIRED: ("订单已过期", "plain")}
TOLD_WORDS = {
    DeliveryState.PENDING: ("通知等待送达", "note"),
    DeliveryState.DELIVERED: ("通知已送达", "good"),
    DeliveryState.DEAD: ("通知没有送达", "warn"),
}


@dataclass(frozen=True)
class Taken:
    """What a refund takes back from one merchant of a split order."""

    merchant: str
    """Its code, which tells apart those of one name."""
    name: str
    amount: Money


@dataclass(frozen=True)
class Chapter:
    """One thing that happened. ``words`` and ``reason`` are messages of the catalogue; ``detail`` is said as it is."""

    at: dt.datetime
    words: str
    tone: str
    detail: str = ""
    reason: str = ""
    amount: Money | None = None
    parts: Sequence[Taken] = ()


def story(
    order: OrderRow,
    attempts: Sequence[AttemptRow],
    refunds: Sequence[RefundRow],
    letters: Sequence[Letter],
    *,
    channels: Mapping[str, PaymentChannel],
    language: str,
    parts: Mapping[str, Sequence[Taken]],
) -> list[Chapter]:
    """Tell what happened to an order. Its payer is nobody's business but the host's, so nothing is told of them.

    ``parts`` are what the refunds of a split order take back, and from whom.
    """
    amount = Money(order.amount_fen, order.currency)
    chapters = [Chapter(order.created_at, "下单", "plain", amount=amount)]
    for attempt in attempts:
        chapters += _tried(attempt, channels[attempt.channel].title.in_(language))
    if order.state in ENDED_WORDS and order.ended_at is not None:
        chapters.append(Chapter(order.ended_at, *ENDED_WORDS[OrderState(order.state)]))
    for refund in refunds:
        chapters += _given_back(refund, parts.get(refund.id, ()))
    chapters += [_told(letter) for letter in letters]
    return sorted(chapters, key=lambda chapter: chapter.at)


def _tried(attempt: AttemptRow, channel: str) -> list[Chapter]:
    begun = Chapter(attempt.created_at, "开始付款", "plain", channel)
    if attempt.ended_at is None:
        unknown = attempt.state == AttemptState.UNCERTAIN
        return [begun, Chapter(attempt.ask_at, "结果未知，到这时再问", "note", channel)] if unknown else [begun]
    words, tone = TRIED_WORDS[AttemptState(attempt.state)]
    declined = attempt.state == AttemptState.DECLINED
    reason = DECLINED_WORDS.get(attempt.reason or "", DECLINED_OTHERWISE) if declined else ""
    return [begun, Chapter(attempt.ended_at, words, tone, channel, reason)]


def _given_back(refund: RefundRow, parts: Sequence[Taken]) -> list[Chapter]:
    amount = Money(refund.amount_fen, refund.currency)
    begun = Chapter(refund.created_at, "申请退款", "note", refund.reason, amount=amount, parts=parts)
    if refund.ended_at is None:
        return [begun]
    words, tone = REFUND_WORDS[RefundState(refund.state)]
    return [begun, Chapter(refund.ended_at, words, tone, refund.id, amount=amount)]


def _told(letter: Letter) -> Chapter:
    delivery = letter.delivery
    words, tone = TOLD_WORDS[DeliveryState(delivery.state)]
    return Chapter(delivery.last_at or delivery.created_at, words, tone, f"{letter.event.type} → {letter.endpoint.url}")
