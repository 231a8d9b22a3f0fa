"""Receipts: a number for each paid order, given after the money is in the ledger, without a gap in a day."""

import datetime as dt

from sqlalchemy.exc import IntegrityError

from yimen_host.core.services import Services
from yimen_host.payments.models import ReceiptRow
from yimen_host.payments.store import receipts as store
from yimen_sdk.pages import CHINA

SWEEP = 200


def number(day: dt.date, count: int) -> str:
    """Write a receipt's number: the civil day in China, then the count of that day."""
    return f"YM{day:%Y%m%d}{count:08d}"


async def issue(services: Services, order_id: str) -> str:
    """Give a paid order its receipt number, or tell the one it has."""
    for _ in range(2):
        try:
            async with services.database.transaction() as session:
                if (known := await store.of_order(session, order_id)) is not None:
                    return known.number
                now = services.clock.now()
                day = now.astimezone(CHINA).date()
                row = ReceiptRow(
                    number=number(day, await store.next_number(session, day)), order_id=order_id, issued_at=now
                )
                session.add(row)
            return row.number
        except IntegrityError:
            # Somebody else was first for this order: our count is undone with the transaction, so no gap.
            continue
    raise AssertionError(f"order {order_id} has no receipt and cannot get one")


async def issue_missing(services: Services) -> int:
    """Give numbers to paid orders that were left without, as after a crash; say how many."""
    async with services.database.transaction() as session:
        order_ids = await store.missing(session, SWEEP)
    for order_id in order_ids:
        await issue(services, order_id)
    return len(order_ids)
