"""Finds refunds that a channel declined and nobody asked for again, and has the mini-app's publisher told.

A declined refund is no work for the platform: its money is the merchant's again, and what the payer was promised is
between the two. A mini-app may try again by itself, so it is given time before a person is called.
"""

import datetime as dt

from yimen_host.payments import alerts
from yimen_host.payments.facade import Payments
from yimen_host.payments.store import refunds

PATIENCE = dt.timedelta(minutes=15)
LOOK_BACK = dt.timedelta(days=7)  # longer than any stop of the worker
AT_ONCE = 200


async def alert_declined(payments: Payments) -> int:
    """Raise an alert for each order whose newest refund was declined; say how many are new."""
    services, told = payments.services, 0
    now = services.clock.now()
    async with services.database.transaction() as session:
        for order, refund in await refunds.declined(session, now - LOOK_BACK, now - PATIENCE, AT_ONCE):
            told += await alerts.refund_declined(session, order, refund, now)
    return told
