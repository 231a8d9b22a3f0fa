"""What coupons pay of orders, and what refunds take of it, in the database."""

import datetime as dt
from collections.abc import Iterable, Sequence

from sqlalchemy import CursorResult, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.payments.coupons.models import CouponReturnRow, CouponShareRow


async def add(session: AsyncSession, rows: Iterable[CouponShareRow]) -> None:
    """Write down what coupons pay in an attempt."""
    session.add_all(rows)
    await session.flush()


async def of_attempt(session: AsyncSession, attempt_id: str) -> Sequence[CouponShareRow]:
    """What coupons pay in an attempt, as it stands now."""
    query = (
        select(CouponShareRow)
        .where(CouponShareRow.attempt_id == attempt_id)
        .order_by(CouponShareRow.coupon_id)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(query)).all()


async def settle(session: AsyncSession, attempt_id: str, now: dt.datetime) -> None:
    """Note that an attempt settled, so its coupons have paid."""
    await session.execute(
        update(CouponShareRow)
        .where(col(CouponShareRow.attempt_id) == attempt_id)
        .values(settled_at=now)
        .execution_options(synchronize_session=False)
    )


async def take_back(session: AsyncSession, row: CouponReturnRow) -> bool:
    """Reserve part of a share for a refund, if so much is left; say whether it was. The guard is the write."""
    result = await session.execute(
        update(CouponShareRow)
        .where(
            col(CouponShareRow.attempt_id) == row.attempt_id,
            col(CouponShareRow.coupon_id) == row.coupon_id,
            col(CouponShareRow.returned_fen) + row.fen <= col(CouponShareRow.fen),
        )
        .values(returned_fen=CouponShareRow.returned_fen + row.fen)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    if result.rowcount:
        session.add(row)
        await session.flush()
    return bool(result.rowcount)


async def leave(session: AsyncSession, row: CouponReturnRow) -> None:
    """Give up a reservation: its refund failed."""
    await session.execute(
        update(CouponShareRow)
        .where(col(CouponShareRow.attempt_id) == row.attempt_id, col(CouponShareRow.coupon_id) == row.coupon_id)
        .values(returned_fen=CouponShareRow.returned_fen - row.fen)
        .execution_options(synchronize_session=False)
    )


async def keep(session: AsyncSession, row: CouponReturnRow) -> None:
    """Note that a refund has brought back what waits for its coupon."""
    await session.execute(
        update(CouponShareRow)
        .where(col(CouponShareRow.attempt_id) == row.attempt_id, col(CouponShareRow.coupon_id) == row.coupon_id)
        .values(kept_fen=CouponShareRow.kept_fen + row.fen)
        .execution_options(synchronize_session=False)
    )


async def take_kept(session: AsyncSession, kept: Sequence[CouponShareRow]) -> bool:
    """Let go of what these shares keep, if it is still as was read; say whether all of it was."""
    taken = 0
    for row in kept:
        result = await session.execute(
            update(CouponShareRow)
            .where(
                col(CouponShareRow.attempt_id) == row.attempt_id,
                col(CouponShareRow.coupon_id) == row.coupon_id,
                col(CouponShareRow.kept_fen) == row.kept_fen,
            )
            .values(kept_fen=0)
            .execution_options(synchronize_session=False)
        )
        assert isinstance(result, CursorResult)
        taken += result.rowcount
    return taken == len(kept)


async def keeping(session: AsyncSession, campaign_id: str, limit: int) -> Sequence[CouponShareRow]:
    """The shares of a campaign that keep something for their coupons."""
    query = (
        select(CouponShareRow)
        .where(CouponShareRow.campaign_id == campaign_id, col(CouponShareRow.kept_fen) > 0)
        .order_by(CouponShareRow.coupon_id)
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(query)).all()


async def of_refund(session: AsyncSession, refund_id: str) -> Sequence[CouponReturnRow]:
    """What a refund gives back of coupons."""
    query = select(CouponReturnRow).where(CouponReturnRow.refund_id == refund_id).order_by(CouponReturnRow.coupon_id)
    return (await session.scalars(query)).all()
