"""When money waits for a person, somebody is told: which object, and what they need to know of it."""

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.alerts import Alert, day_of, raise_alert
from yimen_host.payments.merchants.models import MerchantRow
from yimen_host.payments.models import OrderRow, RefundRow
from yimen_host.payments.settlement.models import BatchRow
from yimen_host.payments.webhooks.models import EndpointRow
from yimen_sdk.bilingual import Bilingual


async def refund_stuck(session: AsyncSession, order: OrderRow, refund: RefundRow, now: dt.datetime) -> None:
    """A refund needs a person: an admin acts, and the publisher hears why its buyer waits."""
    await raise_alert(session, Alert.REFUND_STUCK, refund.id, _refund(order, refund), now)


async def refund_declined(session: AsyncSession, order: OrderRow, refund: RefundRow, now: dt.datetime) -> bool:
    """A refund was declined for good: its publisher finds another way. Say whether it is the first to tell so."""
    return await raise_alert(session, Alert.REFUND_DECLINED, refund.id, _refund(order, refund), now)


async def late_money_stuck(session: AsyncSession, order: OrderRow, refund: RefundRow, now: dt.datetime) -> None:
    """Late money did not go back. It is between the platform, the channel and the payer."""
    data = {"title": order.title, "fen": refund.amount_fen}
    await raise_alert(session, Alert.LATE_MONEY_STUCK, refund.id, data, now)


async def payout_failed(
    session: AsyncSession, merchant: MerchantRow, batch: BatchRow, reason: str, now: dt.datetime
) -> None:
    """A payout failed. Paid again under a number of its own it is another object, which can fail for itself."""
    data = {
        "app_id": merchant.app_id,
        "merchant_id": merchant.id,
        "code": merchant.code,
        "name": merchant.legal_name,
        "fen": batch.payout_fen,
        "reason": reason,
    }
    await raise_alert(session, Alert.PAYOUT_FAILED, f"{batch.id}:{batch.tries}", data, now)


async def breaks_old(
    session: AsyncSession, source: str, title: Bilingual, day: dt.date, *, count: int, now: dt.datetime
) -> bool:
    """A day's bill has old differences: told once for the bill, however many there are. Say whether it was told."""
    data = {"zh": title.zh, "en": title.en, "day": day.isoformat(), "count": count}
    return await raise_alert(session, Alert.BREAKS_OLD, f"{source}:{day}", data, now)


async def bill_missing(session: AsyncSession, source: str, title: Bilingual, day: dt.date, *, now: dt.datetime) -> bool:
    """A day's bill has not come, so nothing of that day was compared. Say whether it was told."""
    data = {"zh": title.zh, "en": title.en, "day": day.isoformat()}
    return await raise_alert(session, Alert.BILL_MISSING, f"{source}:{day}", data, now)


async def merchants_applied(session: AsyncSession, merchant: MerchantRow, now: dt.datetime) -> None:
    """A merchant applied: told once a day for a mini-app, for a market brings hundreds."""
    data = {"name": merchant.legal_name, "mini_app": merchant.app_id}
    await raise_alert(session, Alert.MERCHANTS_APPLIED, f"{merchant.app_id}:{day_of(now)}", data, now)


async def webhooks_dead(session: AsyncSession, endpoint: EndpointRow, reason: str, now: dt.datetime) -> None:
    """Deliveries to an endpoint are given up: told once a day, for what is away for an hour loses many."""
    data = {"app_id": endpoint.app_id, "endpoint_id": endpoint.id, "url": endpoint.url, "reason": reason}
    await raise_alert(session, Alert.WEBHOOKS_DEAD, f"{endpoint.id}:{day_of(now)}", data, now)


def _refund(order: OrderRow, refund: RefundRow) -> dict[str, object]:
    return {"app_id": order.app_id, "order_id": order.id, "title": order.title, "fen": refund.amount_fen}
