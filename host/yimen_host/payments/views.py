"""What the pages of payments show: small values, made from rows, with nothing left to work out in a template."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from yimen_host.payments.attempts import AttemptState
from yimen_host.payments.channels.channel import PaymentChannel
from yimen_host.payments.models import AttemptRow, OrderRow, RefundRow
from yimen_host.payments.orders import OrderState
from yimen_host.payments.refunds import RefundState
from yimen_sdk.money import Money

# How each state is said (a message of the catalogue) and toned.
ORDER_WORDS = {
    OrderState.OPEN: ("待付款", "note"),
    OrderState.PAID: ("已付款", "good"),
    OrderState.FULFILLED: ("已完成", "good"),
    OrderState.CLOSED: ("已完成", "good"),
    OrderState.CANCELLED: ("已取消", "plain"),
    OrderState.EXPIRED: ("已过期", "plain"),
    OrderState.PARTIALLY_REFUNDED: ("部分退款", "note"),
    OrderState.REFUNDED: ("已退款", "note"),
}
REFUND_WORDS = {
    RefundState.REQUESTED: ("已申请", "note"),
    RefundState.PROCESSING: ("退款中", "note"),
    RefundState.SUCCEEDED: ("已退回", "good"),
    RefundState.FAILED: ("未退成", "warn"),
    RefundState.NEEDS_ACTION: ("人工处理中", "note"),
}
DECLINED_WORDS = {
    "not_enough": "钱包余额不足，请充值或换一种付款方式。",
    "order_not_open": "这笔订单已不能付款。",
    "declined": "没有扣款：您取消了付款，或这笔付款被拒绝。",
    "closed": "上一次付款已关闭，没有扣款。",
    "abandoned": "上一次付款没有完成，没有扣款。",
}
DECLINED_OTHERWISE = "付款没有成功，没有扣款。"


@dataclass(frozen=True)
class OrderView:
    """An order as a page shows it."""

    id: str
    app_id: str | None
    title: str
    payee: str
    publisher: str
    platform: bool
    amount: Money
    refunded: Money
    state: str
    label: str
    tone: str
    receipt: str | None
    created_at: dt.datetime
    expires_at: dt.datetime
    paid: bool
    back: str


@dataclass(frozen=True)
class RefundView:
    """A refund as a page shows it."""

    id: str
    amount: Money
    reason: str
    label: str
    tone: str
    at: dt.datetime
    receipt: bool


@dataclass(frozen=True)
class Choice:
    """A channel as the cashier offers it."""

    id: str
    title: str
    balance: Money | None
    enough: bool


@dataclass(frozen=True)
class Outcome:
    """What came of paying, as the result page tells it. ``kind`` chooses the words."""

    kind: str
    reason: str | None = None
    pay_url: str | None = None
    scan: str | None = None
    channel: str = ""

    @property
    def scan_link(self) -> str | None:
        """What is to be scanned, where it is an address that this very browser can open as well."""
        return self.scan if self.scan and self.scan.startswith(("https://", "http://")) else None

    @property
    def waiting(self) -> bool:
        """Whether the page should look again by itself."""
        return self.kind in ("submitted", "scan", "uncertain", "returning")


def order_view(row: OrderRow, receipt: str | None) -> OrderView:
    """Show an order."""
    label, tone = ORDER_WORDS[OrderState(row.state)]
    platform = row.app_id is None
    return OrderView(
        id=row.id,
        app_id=row.app_id,
        title=row.title,
        payee=row.payee_title,
        publisher=row.payee_publisher,
        platform=platform,
        amount=Money(row.amount_fen, row.currency),
        refunded=Money(row.refunded_fen, row.currency),
        state=row.state,
        label=label,
        tone=tone,
        receipt=receipt,
        created_at=row.created_at,
        expires_at=row.expires_at,
        paid=row.state not in (OrderState.OPEN, OrderState.CANCELLED, OrderState.EXPIRED),
        back=row.return_path if platform else f"/apps/{row.app_id}?to={quote(row.return_path, safe='')}",
    )


def refund_view(row: RefundRow) -> RefundView:
    """Show a refund."""
    label, tone = REFUND_WORDS[RefundState(row.state)]
    red = row.state == RefundState.SUCCEEDED and not row.late
    return RefundView(row.id, Money(row.amount_fen, row.currency), row.reason, label, tone, row.created_at, red)


def choice(channel: PaymentChannel, language: str, *, available: Money, amount: Money) -> Choice:
    """Offer a channel; the wallet says what is in it."""
    internal = channel.capabilities.internal
    return Choice(
        channel.id, channel.title.in_(language), available if internal else None, not internal or available >= amount
    )


def outcome(
    order: OrderRow, attempts: list[AttemptRow], channels: Mapping[str, PaymentChannel], language: str
) -> Outcome:
    """Say what came of paying: the order's state first, then the newest attempt's."""
    if order.state not in (OrderState.OPEN, OrderState.CANCELLED, OrderState.EXPIRED):
        return Outcome("paid")
    newest = attempts[0] if attempts else None
    channel = channels[newest.channel].title.in_(language) if newest else ""
    match newest.state if newest else None:
        case AttemptState.CREATED | AttemptState.SUBMITTED:
            assert newest is not None
            kind = "scan" if newest.scan else "submitted"
            return Outcome(kind, pay_url=newest.pay_url, scan=newest.scan, channel=channel)
        case AttemptState.UNCERTAIN:
            return Outcome("uncertain", channel=channel)
        case AttemptState.LATE:
            return Outcome("returning", channel=channel)
        case AttemptState.REFUNDED:
            return Outcome("returned", channel=channel)
    if order.state != OrderState.OPEN:
        return Outcome(order.state)
    if newest is not None:
        return Outcome("declined", reason=DECLINED_WORDS.get(newest.reason or "", DECLINED_OTHERWISE))
    return Outcome("unpaid")
