"""How much waits for a person: what an admin sees first."""

from dataclasses import dataclass

from yimen_host.payments.facade import Payments
from yimen_host.payments.merchants import store as merchants
from yimen_host.payments.reconciliation.store import breaks
from yimen_host.payments.refunding import MAX_STUCK
from yimen_host.payments.store import refunds


@dataclass(frozen=True)
class Waiting:
    """Merchants to be reviewed, refunds that are stuck (200 and more are told as 200), differences unexplained."""

    merchants: int
    refunds: int
    differences: int


async def waiting(payments: Payments) -> Waiting:
    """Count what waits now."""
    async with payments.services.database.transaction() as session:
        return Waiting(
            merchants=await merchants.waiting(session),
            refunds=len(await refunds.stuck(session, MAX_STUCK)),
            differences=sum(count for _, count, _ in await breaks.waiting_by_day(session)),
        )
