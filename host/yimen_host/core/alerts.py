"""Alerts: something waits for a person. Raised once for one object, in the transaction that finds it waiting.

Which people are told, and in which words, the notices know. An alert's id is its kind and its object, so a second one
is no second row: whoever raises it need not remember that somebody did before.
"""

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.outbox import Happening, publish_once
from yimen_sdk.pages import CHINA

DESTINATION = "alerts"


class Alert(StrEnum):
    """What can wait for a person."""

    REFUND_STUCK = "yimen.alert.refund_stuck"
    """A channel cannot give money back without a person."""
    REFUND_DECLINED = "yimen.alert.refund_declined"
    """A channel declined to give money back, and nobody asked again."""
    LATE_MONEY_STUCK = "yimen.alert.late_money_stuck"
    """A channel does not take back money that came too late; it sits in suspense."""
    PAYOUT_FAILED = "yimen.alert.payout_failed"
    """A bank did not pay a merchant."""
    BREAKS_OLD = "yimen.alert.breaks_old"
    """Differences of a day's bill have been without an explanation for days."""
    BILL_MISSING = "yimen.alert.bill_missing"
    """A channel's or a biller's bill of a day has not come."""
    MERCHANTS_APPLIED = "yimen.alert.merchants_applied"
    """A mini-app's merchants wait for a review, and their money with them."""
    WEBHOOKS_DEAD = "yimen.alert.webhooks_dead"
    """A publisher's own server does not take what happened."""
    EVENTS_DEAD = "yimen.alert.events_dead"
    """A mini-app does not take what happened."""
    DATABASE_NEARLY_FULL = "yimen.alert.database_nearly_full"
    """A mini-app will soon keep more in the database than it may."""
    DATABASE_FULL = "yimen.alert.database_full"
    """A mini-app keeps more in the database than it may, and is stopped."""


async def raise_alert(
    session: AsyncSession, kind: Alert, about: str, data: Mapping[str, object], now: dt.datetime
) -> bool:
    """Raise an alert about an object; say whether nobody had. ``data`` fills its words; its ``app_id``, whose it is."""
    happening = Happening(f"{kind}:{about}", kind, about, data, now)
    return await publish_once(session, happening, to=[DESTINATION])


async def events_dead(session: AsyncSession, app_id: str, reason: str, now: dt.datetime) -> None:
    """Events to a mini-app are given up: told once a day, for one that is broken loses many."""
    await raise_alert(session, Alert.EVENTS_DEAD, f"{app_id}:{day_of(now)}", {"app_id": app_id, "reason": reason}, now)


def day_of(now: dt.datetime) -> dt.date:
    """The civil day in China, for what is told once a day."""
    return now.astimezone(CHINA).date()
