"""How much waits for a person: what an admin sees first."""

from dataclasses import dataclass

from yimen_host.payments.facade import Payments
from yimen_host.payments.merchants import store as merchants
from yimen_host.payments.reconciliation.store import breaks
from yimen_host.payments.store import refunds


@dataclass(frozen=True)
class Waiting:
    """Merchants to be reviewed, refunds that are stuck, differences unexplained."""

    merchants: int
    refunds: int
    differences: int


async def waiting(payments: Payments) -> Waiting:
    """Count what waits now."""
    async with payments.services.database.transaction() as session:
        return Waiting(
            merchants=await merchants.waiting(session),
            refunds=await refunds.count_stuck(session),
            differences=sum((await breaks.waiting_by_kind(session)).values()),
        )
