"""Coupons in the database. Every change of state is an UPDATE that names the states it may leave."""

import datetime as dt
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, and_, or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.payments.coupons.coupon import COUPON, IN_HAND, CouponEvent, CouponState
from yimen_host.payments.coupons.models import CouponRow

MAX_LISTED = 100


async def of_person(session: AsyncSession, person: str) -> Sequence[CouponRow]:
    """The newest coupons of a person, whichever account claimed them."""
    query = (
        select(CouponRow)
        .where(CouponRow.person == UUID(person))
        .order_by(col(CouponRow.claimed_at).desc(), col(CouponRow.id))
        .limit(MAX_LISTED)
    )
    return (await session.scalars(query)).all()


async def find(session: AsyncSession, coupon_id: str) -> CouponRow | None:
    """Read a coupon as it stands now."""
    query = select(CouponRow).where(CouponRow.id == coupon_id).execution_options(populate_existing=True)
    return (await session.scalars(query)).one_or_none()


async def lock(session: AsyncSession, coupon_id: str, *, person: str, order_id: str, now: dt.datetime) -> bool:
    """Lock a coupon of a person to an order; locked to it already, nothing changes. Say whether it is locked to it."""
    in_hand = col(CouponRow.state).in_(COUPON.sources(CouponEvent.LOCK))
    locked_here = and_(col(CouponRow.state) == CouponState.LOCKED, col(CouponRow.order_id) == order_id)
    return bool(
        await _move(
            session,
            CouponEvent.LOCK,
            now,
            col(CouponRow.id) == coupon_id,
            col(CouponRow.person) == UUID(person),
            or_(in_hand, locked_here),
            order_id=order_id,
        )
    )


async def release(session: AsyncSession, order_id: str, *, but: Collection[str] = (), now: dt.datetime) -> int:
    """Give the coupons back that are locked to an order, but for some; say how many."""
    return await _move(
        session,
        CouponEvent.RELEASE,
        now,
        col(CouponRow.order_id) == order_id,
        col(CouponRow.state).in_(COUPON.sources(CouponEvent.RELEASE)),
        col(CouponRow.id).not_in(but),
        order_id=None,
    )


async def use(session: AsyncSession, coupon_ids: Collection[str], *, order_id: str, now: dt.datetime) -> int:
    """Use coupons that are locked to an order; say how many were."""
    return await _move(
        session,
        CouponEvent.USE,
        now,
        col(CouponRow.id).in_(coupon_ids),
        col(CouponRow.order_id) == order_id,
        col(CouponRow.state).in_(COUPON.sources(CouponEvent.USE)),
    )


async def end(session: AsyncSession, coupon_ids: Collection[str], event: CouponEvent, now: dt.datetime) -> int:
    """Expire, revoke or give back coupons; say how many were in a state that allows it."""
    return await _move(
        session,
        event,
        now,
        col(CouponRow.id).in_(coupon_ids),
        col(CouponRow.state).in_(COUPON.sources(event)),
        order_id=None,
    )


async def in_hand(session: AsyncSession, campaign_id: str, limit: int) -> Sequence[str]:
    """Coupons of a campaign that their holders can use."""
    query = (
        select(CouponRow.id).where(CouponRow.campaign_id == campaign_id, col(CouponRow.state).in_(IN_HAND)).limit(limit)
    )
    return (await session.scalars(query)).all()


async def _move(
    session: AsyncSession, event: CouponEvent, now: dt.datetime, *guards: ColumnElement[bool], **values: object
) -> int:
    result = await session.execute(
        update(CouponRow)
        .where(*guards)
        .values(state=COUPON.target(event), changed_at=now, **values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount
