"""Receipts: a number for each paid order, and a red one 红字 for each refund of it, without a gap in a day.

A number is given after the money is in the ledger, so that a payment never waits for the one counter of the day. What
is owed until then is written with the money: whoever looks for what a crash left reads that, and no paid order.
"""

import datetime as dt
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.services import Services
from yimen_host.payments.models import ReceiptRow, RedReceiptRow
from yimen_host.payments.store import receipts as store
from yimen_sdk.pages import CHINA

SWEEP = 200
Row = ReceiptRow | RedReceiptRow


def number(day: dt.date, count: int) -> str:
    """Write a receipt's number: the civil day in China, then the count of that day."""
    return f"YM{day:%Y%m%d}{count:08d}"


async def owe(session: AsyncSession, order_id: str) -> None:
    """Note, in the commit of its money, that an order is to get a receipt number."""
    await store.owe(session, order_id)


async def owe_red(session: AsyncSession, refund_id: str) -> None:
    """Note, in the commit of its money, that a refund is to get a red receipt's number."""
    await store.owe(session, refund_id, red=True)


async def issue(services: Services, order_id: str) -> str:
    """Give a paid order its receipt number, or tell the one it has."""
    return await _issue(
        services,
        order_id,
        lambda session: store.of_order(session, order_id),
        lambda found, now: ReceiptRow(number=found, order_id=order_id, issued_at=now),
    )


async def issue_red(services: Services, refund_id: str) -> str:
    """Give a refund that succeeded its red receipt's number, or tell the one it has."""
    return await _issue(
        services,
        refund_id,
        lambda session: store.red_of_refund(session, refund_id),
        lambda found, now: RedReceiptRow(number=found, refund_id=refund_id, issued_at=now),
    )


async def issue_owed(services: Services) -> int:
    """Give numbers to orders and refunds that were left without, as after a crash; say how many."""
    async with services.database.transaction() as session:
        owed = await store.owed(session, SWEEP)
    for row in owed:
        await (issue_red if row.red else issue)(services, row.about)
    return len(owed)


async def _issue(
    services: Services,
    about: str,
    known: Callable[[AsyncSession], Awaitable[Row | None]],
    made: Callable[[str, dt.datetime], Row],
) -> str:
    for _ in range(2):
        try:
            async with services.database.transaction() as session:
                await store.settle(session, about)
                if (found := await known(session)) is not None:
                    return found.number
                now = services.clock.now()
                day = now.astimezone(CHINA).date()
                row = made(number(day, await store.next_number(session, day)), now)
                session.add(row)
            return row.number
        except IntegrityError:
            # Somebody else was first for the same thing: our count is undone with the transaction, so no gap.
            continue
    raise AssertionError("what is paid or given back has no receipt and cannot get one")
