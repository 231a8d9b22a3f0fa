"""Alerts in the inboxes of those who can do something: which role is told of what, and where it leads."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from yimen_host.core.alerts import Alert
from yimen_host.core.outbox import OutboxEvent
from yimen_host.notices.inbox import Inbox, Notice
from yimen_sdk.bilingual import Bilingual
from yimen_sdk.money import Money
from yimen_sdk.split import SELF

_log = logging.getLogger(__name__)
LONGEST_REASON = 120

Write = Callable[[Mapping[str, Any]], Notice]  # Any: the JSON of the event


class Duties(Protocol):
    """Who answers for what."""

    async def admins(self) -> Collection[str]:
        """The residents who run the platform."""
        ...

    async def publishers(self, app_id: str) -> Collection[str]:
        """The residents who publish a mini-app."""
        ...


@dataclass(frozen=True)
class Words:
    """What each role is told; a role without words is not told."""

    admin: Write | None = None
    publisher: Write | None = None


async def tell(inbox: Inbox, duties: Duties, event: OutboxEvent) -> None:
    """Put an alert into the inbox of everybody in the roles that it is for, once each."""
    words, app_id = WORDS[Alert(event.type)], event.data.get("app_id")
    people: list[tuple[str, Write]] = []
    if words.admin is not None:
        people += [(one, words.admin) for one in await duties.admins()]
    if words.publisher is not None and app_id is not None:
        people += [(one, words.publisher) for one in await duties.publishers(app_id)]
    if not people:
        _log.warning("nobody is there to hear of %s", event.id)
    for resident_id, write in people:  # whoever has both duties hears it as an admin, who can do more
        await inbox.put(resident_id, write(event.data), source_id=f"{event.id}:{resident_id}")


def _refund_to_admin(data: Mapping[str, Any]) -> Notice:
    return Notice(
        Bilingual(zh="退款等待人工处理", en="A refund waits for a person"),
        Bilingual(
            zh=f"{data['title']}，¥{_yuan(data)}：渠道不能自动退回，请处理。",
            en=f"{data['title']}, ¥{_yuan(data)}: the channel cannot return it by itself. Please see to it.",
        ),
        "/console/refunds",
    )


def _refund_to_publisher(data: Mapping[str, Any]) -> Notice:
    return Notice(
        Bilingual(zh="退款转人工处理", en="A refund is with the platform's staff"),
        Bilingual(
            zh=f"{data['title']}，¥{_yuan(data)}：渠道不能自动退回，平台正在处理，付款人还没有收到。",
            en=f"{data['title']}, ¥{_yuan(data)}: the channel cannot return it by itself; the platform is "
            "seeing to it, and the payer does not have it yet.",
        ),
        f"/developer/apps/{data['app_id']}/orders/{data['order_id']}",
    )


def _declined(data: Mapping[str, Any]) -> Notice:
    return Notice(
        Bilingual(zh="退款没有退成", en="A refund was declined"),
        Bilingual(
            zh=f"{data['title']}，¥{_yuan(data)}：渠道拒绝了退款，钱还在商户账上。请再次退款，或与付款人另行商定。",
            en=f"{data['title']}, ¥{_yuan(data)}: the channel declined it; the merchant still has the money. "
            "Please try again, or agree on another way with the payer.",
        ),
        f"/developer/apps/{data['app_id']}/orders/{data['order_id']}",
    )


def _late_money(data: Mapping[str, Any]) -> Notice:
    return Notice(
        Bilingual(zh="迟到款项没有退成", en="Late money did not go back"),
        Bilingual(
            zh=f"{data['title']}，¥{_yuan(data)}：渠道拒绝退回，款项在挂账科目。",
            en=f"{data['title']}, ¥{_yuan(data)}: the channel refused to take it back; it is in suspense.",
        ),
        "/console/refunds",
    )


def _payout(data: Mapping[str, Any], *, link: str) -> Notice:
    return Notice(
        Bilingual(zh="结算付款失败", en="A payout failed"),
        Bilingual(
            zh=f"{data['name']}，¥{_yuan(data)}：银行没有付成。请核对收款账户。",
            en=f"{data['name']}, ¥{_yuan(data)}: the bank did not pay it. Please check the account.",
        ),
        link,
    )


def _payout_to_admin(data: Mapping[str, Any]) -> Notice:
    return _payout(data, link=f"/console/merchants/{data['merchant_id']}")


def _payout_to_publisher(data: Mapping[str, Any]) -> Notice:
    own = f"/developer/apps/{data['app_id']}/merchant"
    return _payout(data, link=own if data["code"] == SELF else f"{own}s/{data['code']}")


def _breaks(data: Mapping[str, Any]) -> Notice:
    return Notice(
        Bilingual(zh="对账差异久未处理", en="Differences wait for an explanation"),
        Bilingual(
            zh=f"{data['zh']} {data['day']} 的账单有 {data['count']} 处差异还没有解释。",
            en=f"The bill of {data['en']} for {data['day']}: {data['count']} not explained yet.",
        ),
        "/console/reconciliation",
    )


def _bill(data: Mapping[str, Any]) -> Notice:
    return Notice(
        Bilingual(zh="账单没有到", en="A bill has not come"),
        Bilingual(
            zh=f"{data['zh']} {data['day']} 的账单还没有到，这一天还没有对账。",
            en=f"The bill of {data['en']} for {data['day']} has not come: that day is not reconciled.",
        ),
        "/console/reconciliation",
    )


def _applied(data: Mapping[str, Any]) -> Notice:
    return Notice(
        Bilingual(zh="有商户等待审核", en="A merchant waits for your review"),
        Bilingual(
            zh=f"{data['mini_app']}：{data['name']}。审核通过以前不会向它付款。",
            en=f"{data['mini_app']}: {data['name']}. It is not paid before the review.",
        ),
        "/console/merchants",
    )


def _webhooks(data: Mapping[str, Any]) -> Notice:
    return Notice(
        Bilingual(zh="Webhook 通知没有送达", en="Webhooks did not arrive"),
        Bilingual(
            zh=f"{data['url']}：{_why(data)}。修好以后可以重新投递。",
            en=f"{data['url']}: {_why(data)}. They can be sent again once it is repaired.",
        ),
        f"/developer/apps/{data['app_id']}/webhooks/{data['endpoint_id']}",
    )


def _events(data: Mapping[str, Any]) -> Notice:
    return Notice(
        Bilingual(zh="小程序没有收下事件", en="Events were not taken"),
        Bilingual(
            zh=f"{data['app_id']}：{_why(data)}。修好以后可以重新投递。",
            en=f"{data['app_id']}: {_why(data)}. They can be sent again once it is repaired.",
        ),
        f"/developer/apps/{data['app_id']}/events",
    )


def _nearly_full(data: Mapping[str, Any]) -> Notice:
    return Notice(
        Bilingual(zh="小程序的数据库快满了", en="A mini-app's database is nearly full"),
        Bilingual(
            zh=f"{data['app_id']}：已用配额 {data['mib']} MiB 的九成。超过以后不能再连接数据库，"
            "请先清理数据，或向平台申请更多。",
            en=f"{data['app_id']}: nine tenths of its {data['mib']} MiB are in use. Past them it is stopped: "
            "please clear out, or ask the platform for more.",
        ),
        f"/developer/apps/{data['app_id']}",
    )


def _full(data: Mapping[str, Any], *, link: str) -> Notice:
    return Notice(
        Bilingual(zh="小程序的数据库已满，已停止访问", en="A mini-app's database is full, and it is stopped"),
        Bilingual(
            zh=f"{data['app_id']}：数据超过配额 {data['mib']} MiB，不能再连接数据库。"
            "可发布一个带清理数据的迁移的新版本，或由平台提高配额。",
            en=f"{data['app_id']}: over its {data['mib']} MiB it cannot reach the database. A new release whose "
            "migration clears out lets it go on, and so does a higher quota.",
        ),
        link,
    )


def _full_to_admin(data: Mapping[str, Any]) -> Notice:
    return _full(data, link="/console/health")


def _full_to_publisher(data: Mapping[str, Any]) -> Notice:
    return _full(data, link=f"/developer/apps/{data['app_id']}")


def _yuan(data: Mapping[str, Any]) -> str:
    return str(Money(int(data["fen"])))


def _why(data: Mapping[str, Any]) -> str:
    return str(data["reason"])[:LONGEST_REASON]


WORDS: Mapping[Alert, Words] = {
    Alert.REFUND_STUCK: Words(admin=_refund_to_admin, publisher=_refund_to_publisher),
    Alert.REFUND_DECLINED: Words(publisher=_declined),
    Alert.LATE_MONEY_STUCK: Words(admin=_late_money),
    Alert.PAYOUT_FAILED: Words(admin=_payout_to_admin, publisher=_payout_to_publisher),
    Alert.BREAKS_OLD: Words(admin=_breaks),
    Alert.BILL_MISSING: Words(admin=_bill),
    Alert.MERCHANTS_APPLIED: Words(admin=_applied),
    Alert.WEBHOOKS_DEAD: Words(publisher=_webhooks),
    Alert.EVENTS_DEAD: Words(publisher=_events),
    Alert.DATABASE_NEARLY_FULL: Words(publisher=_nearly_full),
    Alert.DATABASE_FULL: Words(admin=_full_to_admin, publisher=_full_to_publisher),
}
