"""Campaigns in the database, and the acts on them."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import CursorResult, Update, exists, func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.payments.coupons.campaigns import CAMPAIGN, CampaignEvent, CampaignState
from yimen_host.payments.coupons.coupon import IN_HAND, OUT
from yimen_host.payments.coupons.models import CampaignActRow, CampaignRow, CouponRow, CouponShareRow

MAX_LISTED = 200


async def add(session: AsyncSession, row: CampaignRow) -> None:
    """Insert a campaign."""
    session.add(row)
    await session.flush()


async def find(session: AsyncSession, campaign_id: str) -> CampaignRow | None:
    """Read a campaign as it stands now."""
    return await session.get(CampaignRow, campaign_id, populate_existing=True)


async def several(session: AsyncSession, campaign_ids: set[str]) -> dict[str, CampaignRow]:
    """Read several campaigns."""
    found = await session.scalars(select(CampaignRow).where(col(CampaignRow.id).in_(campaign_ids)))
    return {row.id: row for row in found}


async def newest(session: AsyncSession) -> Sequence[CampaignRow]:
    """All campaigns, newest first."""
    query = select(CampaignRow).order_by(col(CampaignRow.id).desc()).limit(MAX_LISTED)
    return (await session.scalars(query)).all()


async def claimable(session: AsyncSession, now: dt.datetime) -> Sequence[CampaignRow]:
    """What the coupon centre shows: campaigns that run, are held or sold out, and whose time is not over."""
    shown = (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.EXHAUSTED)
    query = (
        select(CampaignRow)
        .where(col(CampaignRow.state).in_(shown), col(CampaignRow.claim_until) > now)
        .order_by(col(CampaignRow.claim_from), col(CampaignRow.id))
        .limit(MAX_LISTED)
    )
    return (await session.scalars(query)).all()


async def move(session: AsyncSession, campaign_id: str, event: CampaignEvent) -> bool:
    """Move a campaign along its machine, if it is in a state that allows it; say whether it moved."""
    return await _changed(
        session,
        update(CampaignRow)
        .where(col(CampaignRow.id) == campaign_id, col(CampaignRow.state).in_(CAMPAIGN.sources(event)))
        .values(state=CAMPAIGN.target(event)),
    )


async def approve_first(session: AsyncSession, campaign_id: str, by: str) -> bool:
    """Write the first approver on a draft that has none; the planner is refused by the table. Say whether it was."""
    return await _changed(
        session,
        update(CampaignRow)
        .where(
            col(CampaignRow.id) == campaign_id,
            col(CampaignRow.state) == CampaignState.DRAFT,
            col(CampaignRow.first_approver).is_(None),
        )
        .values(first_approver=by),
    )


async def approve_second(session: AsyncSession, campaign_id: str, by: str) -> bool:
    """Write the second approver and with it approve; say whether it was."""
    return await _changed(
        session,
        update(CampaignRow)
        .where(
            col(CampaignRow.id) == campaign_id,
            col(CampaignRow.state).in_(CAMPAIGN.sources(CampaignEvent.APPROVE)),
            col(CampaignRow.first_approver).is_not(None),
            col(CampaignRow.second_approver).is_(None),
        )
        .values(second_approver=by, state=CAMPAIGN.target(CampaignEvent.APPROVE)),
    )


async def over(session: AsyncSession, now: dt.datetime, limit: int) -> Sequence[str]:
    """Campaigns whose time for claiming is over and that have not ended."""
    query = (
        select(CampaignRow.id)
        .where(col(CampaignRow.state).in_(CAMPAIGN.sources(CampaignEvent.END)), col(CampaignRow.claim_until) <= now)
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def with_overdue_coupons(session: AsyncSession, now: dt.datetime, limit: int) -> Sequence[CampaignRow]:
    """Campaigns whose coupons can be used no longer, and of which somebody still has one."""
    held = exists().where(col(CouponRow.campaign_id) == col(CampaignRow.id), col(CouponRow.state).in_(IN_HAND))
    query = select(CampaignRow).where(col(CampaignRow.use_until) <= now, held).limit(limit)
    return (await session.scalars(query)).all()


async def with_overdue_shares(session: AsyncSession, now: dt.datetime, limit: int) -> Sequence[CampaignRow]:
    """Campaigns whose coupons can be used no longer, and of which money still waits for one."""
    kept = exists().where(col(CouponShareRow.campaign_id) == col(CampaignRow.id), col(CouponShareRow.kept_fen) > 0)
    query = select(CampaignRow).where(col(CampaignRow.use_until) <= now, kept).limit(limit)
    return (await session.scalars(query)).all()


async def out(session: AsyncSession, campaign_id: str) -> int:
    """How many coupons of a campaign still have money committed to them."""
    query = select(func.count()).where(CouponRow.campaign_id == campaign_id, col(CouponRow.state).in_(OUT))
    return int((await session.scalars(query)).one())


async def note(session: AsyncSession, row: CampaignActRow) -> None:
    """Write down an act."""
    session.add(row)
    await session.flush()


async def acts(session: AsyncSession, campaign_id: str) -> Sequence[CampaignActRow]:
    """What was done with a campaign, oldest first."""
    query = (
        select(CampaignActRow)
        .where(CampaignActRow.campaign_id == campaign_id)
        .order_by(col(CampaignActRow.at), col(CampaignActRow.id))
        .limit(MAX_LISTED)
    )
    return (await session.scalars(query)).all()


async def _changed(session: AsyncSession, statement: Update) -> bool:
    result = await session.execute(statement.execution_options(synchronize_session=False))
    assert isinstance(result, CursorResult)
    return bool(result.rowcount)
