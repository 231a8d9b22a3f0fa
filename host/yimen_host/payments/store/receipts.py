"""Receipt numbers in the database: one counter a day, so that the numbers have no gap."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.payments.models import OwedReceiptRow, ReceiptRow, RedReceiptRow


async def of_order(session: AsyncSession, order_id: str) -> ReceiptRow | None:
    """The receipt of an order, once it has one."""
    return (await session.scalars(select(ReceiptRow).where(ReceiptRow.order_id == order_id))).one_or_none()


async def find(session: AsyncSession, number: str) -> ReceiptRow | None:
    """The receipt of a number."""
    return await session.get(ReceiptRow, number)


async def red_of_refund(session: AsyncSession, refund_id: str) -> RedReceiptRow | None:
    """The red receipt of a refund, once it has one."""
    return (await session.scalars(select(RedReceiptRow).where(RedReceiptRow.refund_id == refund_id))).one_or_none()


async def find_red(session: AsyncSession, number: str) -> RedReceiptRow | None:
    """The red receipt of a number."""
    return await session.get(RedReceiptRow, number)


async def numbers(session: AsyncSession, order_ids: Sequence[str]) -> dict[str, str]:
    """The receipt numbers of several orders."""
    query = select(ReceiptRow.order_id, ReceiptRow.number).where(col(ReceiptRow.order_id).in_(order_ids))
    return {row.order_id: row.number for row in await session.execute(query)}


async def next_number(session: AsyncSession, day: dt.date) -> int:
    """Take the day's next number; whoever comes at the same moment waits for this transaction's end."""
    counted = await session.scalars(
        text(
            "INSERT INTO payment_receipt_counter AS c (day, last) VALUES (:day, 1)"
            " ON CONFLICT (day) DO UPDATE SET last = c.last + 1 RETURNING last"
        ),
        {"day": day},
    )
    return int(counted.one())


async def owe(session: AsyncSession, about: str, *, red: bool = False) -> None:
    """Note that an order or a refund is to get a number."""
    session.add(OwedReceiptRow(about=about, red=red))
    await session.flush()


async def settle(session: AsyncSession, about: str) -> None:
    """Note that an order or a refund has its number; who does so at the same moment waits."""
    await session.execute(delete(OwedReceiptRow).where(col(OwedReceiptRow.about) == about))


async def owed(session: AsyncSession, limit: int) -> Sequence[OwedReceiptRow]:
    """What is to get a number and has none yet."""
    return (await session.scalars(select(OwedReceiptRow).order_by(OwedReceiptRow.about).limit(limit))).all()
