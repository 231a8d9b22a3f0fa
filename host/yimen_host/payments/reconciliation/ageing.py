"""Finds what waits for days, differences and bills that never came; an admin is told once of each bill."""

import datetime as dt

from yimen_host.payments import alerts
from yimen_host.payments.reconciliation.breaks import OLD
from yimen_host.payments.reconciliation.running import Reconciling
from yimen_host.payments.reconciliation.sources import biller_source
from yimen_host.payments.reconciliation.store import breaks as store

AT_ONCE = 200  # bills of one run
LOOK_BACK = dt.timedelta(days=14)  # longer than any stop of the worker
LATE = dt.timedelta(days=1)
"""A bill of an earlier day than yesterday's is late: they are made in the morning after."""


async def alert_old(reconciling: Reconciling) -> int:
    """Raise an alert for each bill whose differences are old; say for how many it is the first."""
    services, told = reconciling.services, 0
    async with services.database.transaction() as session:
        for source, day, count in await store.waiting_since(session, reconciling.today() - OLD, AT_ONCE):
            title = reconciling.title(source)
            told += await alerts.breaks_old(session, source, title, day, count=count, now=services.clock.now())
    return told


async def alert_missing(reconciling: Reconciling) -> int:
    """Raise an alert for each bill that has not come; say for how many it is the first.

    A day on which we took nothing needs none: WeChat Pay makes no bill of it.
    """
    services, told, today = reconciling.services, 0, reconciling.today()
    async with services.database.transaction() as session:
        for source, day in await store.missing(session, today - LOOK_BACK, today - LATE, biller=biller_source("")):
            title = reconciling.title(source)
            told += await alerts.bill_missing(session, source, title, day, now=services.clock.now())
    return told
