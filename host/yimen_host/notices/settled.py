"""The platform's own notices, made of what happened to money."""

from collections.abc import Callable, Mapping
from typing import Any

from yimen_host.core.outbox import OutboxEvent
from yimen_host.notices.inbox import Inbox, Notice
from yimen_sdk.bilingual import Bilingual
from yimen_sdk.money import Money


async def tell(inbox: Inbox, event: OutboxEvent) -> None:
    """Put the notice of an event in its resident's inbox; kinds that need none are left out."""
    write = WRITERS.get(event.type)
    if write is not None:
        await inbox.put(event.data["resident_id"], write(event.data), source_id=event.id)


def _paid(data: Mapping[str, Any]) -> Notice:
    return Notice(
        Bilingual(zh="缴费成功", en="Payment received"),
        Bilingual(
            zh=f"{data['title']}，¥{_yuan(data)}，已付给{data['payee']}。",
            en=f"{data['title']}: ¥{_yuan(data)} paid to {data['payee']}.",
        ),
        f"/payments/{data['order_id']}",
    )


def _refunded(data: Mapping[str, Any]) -> Notice:
    return Notice(
        Bilingual(zh="退款到账", en="Refund received"),
        Bilingual(zh=f"{data['title']}，¥{_yuan(data)} 已退回。", en=f"{data['title']}: ¥{_yuan(data)} was returned."),
        f"/payments/{data['order_id']}",
    )


def _late(data: Mapping[str, Any]) -> Notice:
    return Notice(
        Bilingual(zh="款项将退回", en="Money will be returned"),
        Bilingual(
            zh=f"{data['title']}：银行扣了 ¥{_yuan(data)}，但订单已结束，将原路退回。",
            en=f"{data['title']}: the bank took ¥{_yuan(data)} after the order had ended; it will be returned.",
        ),
        f"/payments/{data['order_id']}",
    )


def _yuan(data: Mapping[str, Any]) -> str:
    return str(Money(int(data["amount"]["fen"])))


WRITERS: Mapping[str, Callable[[Mapping[str, Any]], Notice]] = {
    "yimen.notice.payment_settled": _paid,
    "yimen.notice.refund_succeeded": _refunded,
    "yimen.notice.money_late": _late,
}
