"""Finds differences that nobody has explained for days, and has an admin told, once for each bill."""

from yimen_host.payments import alerts
from yimen_host.payments.reconciliation.breaks import OLD
from yimen_host.payments.reconciliation.running import Reconciling
from yimen_host.payments.reconciliation.store import breaks as store

AT_ONCE = 200  # bills of one run


async def alert_old(reconciling: Reconciling) -> int:
    """Raise an alert for each bill whose differences are old; say for how many it is the first."""
    services, told = reconciling.services, 0
    async with services.database.transaction() as session:
        for source, day, count in await store.waiting_since(session, reconciling.today() - OLD, AT_ONCE):
            title = reconciling.title(source)
            told += await alerts.breaks_old(session, source, title, day, count=count, now=services.clock.now())
    return told
