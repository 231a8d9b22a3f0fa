"""Merchants in the database."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import CursorResult, func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.payments.merchants.models import MerchantFeeRow, MerchantRow
from yimen_host.payments.merchants.states import MERCHANT, MerchantEvent, MerchantState

_APPLIED = ("legal_name", "credit_code", "bank", "account_sealed", "account_tail", "state", "applicant", "changed_at")


async def apply(session: AsyncSession, row: MerchantRow) -> None:
    """Write an application down, in place of an earlier one; agreed terms stay and count again once approved."""
    query = insert(MerchantRow).values(row.model_dump())
    again = {name: getattr(query.excluded, name) for name in _APPLIED}
    await session.execute(query.on_conflict_do_update(index_elements=["id"], set_={**again, "reviewer": None}))


async def add(session: AsyncSession, row: MerchantRow) -> bool:
    """Write an application down that is new, or in place of one that was refused; say whether there was room.

    What was approved once, or waits for a review, stays as it is.
    """
    query = insert(MerchantRow).values(row.model_dump())
    again = {name: getattr(query.excluded, name) for name in _APPLIED}
    query = query.on_conflict_do_update(
        index_elements=["id"],
        set_={**again, "reviewer": None},
        where=(col(MerchantRow.state) == MerchantState.REFUSED) & col(MerchantRow.approved_at).is_(None),
    )
    return await session.scalar(query.returning(col(MerchantRow.id))) is not None


async def one_at_a_time(session: AsyncSession, app_id: str) -> None:
    """Wait until nobody else adds a merchant to this mini-app, and keep others out until the transaction ends."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 6))"), {"name": app_id})


async def waiting(session: AsyncSession, app_id: str | None = None) -> int:
    """How many merchants wait for a review, of a mini-app or of all."""
    query = select(func.count()).where(MerchantRow.state == MerchantState.APPLIED)
    if app_id is not None:
        query = query.where(MerchantRow.app_id == app_id)
    return int((await session.scalars(query)).one())


async def page(session: AsyncSession, app_id: str, *, after: str | None, limit: int) -> Sequence[MerchantRow]:
    """The merchants of a mini-app by id, which is its own first, those that follow the id ``after``."""
    place = col(MerchantRow.id).collate("C")
    query = select(MerchantRow).where(MerchantRow.app_id == app_id).order_by(place).limit(limit)
    if after is not None:
        query = query.where(place > after)
    return (await session.scalars(query)).all()


async def find(session: AsyncSession, merchant_id: str) -> MerchantRow | None:
    """A merchant as it stands now."""
    return await session.get(MerchantRow, merchant_id, populate_existing=True)


async def all_(session: AsyncSession) -> Sequence[MerchantRow]:
    """Every merchant, those that wait for a review first."""
    waits = col(MerchantRow.state) == MerchantState.APPLIED
    return (await session.scalars(select(MerchantRow).order_by(waits.desc(), col(MerchantRow.id)))).all()


async def of_app(session: AsyncSession, app_id: str) -> Sequence[MerchantRow]:
    """The merchants of a mini-app."""
    query = select(MerchantRow).where(MerchantRow.app_id == app_id).order_by(col(MerchantRow.id))
    return (await session.scalars(query)).all()


async def several(session: AsyncSession, merchant_ids: Collection[str]) -> dict[str, MerchantRow]:
    """Those of these that were approved at least once, by id."""
    query = select(MerchantRow).where(col(MerchantRow.id).in_(merchant_ids), col(MerchantRow.approved_at).is_not(None))
    return {row.id: row for row in await session.scalars(query.execution_options(populate_existing=True))}


async def fees(session: AsyncSession, merchant_id: str) -> Sequence[MerchantFeeRow]:
    """A merchant's fees, by channel, the newest first."""
    query = (
        select(MerchantFeeRow)
        .where(MerchantFeeRow.merchant_id == merchant_id)
        .order_by(col(MerchantFeeRow.channel), col(MerchantFeeRow.from_day).desc(), col(MerchantFeeRow.id).desc())
    )
    return (await session.scalars(query)).all()


async def add_fee(session: AsyncSession, row: MerchantFeeRow) -> None:
    """Write an agreed fee down."""
    session.add(row)
    await session.flush()


async def approved(session: AsyncSession) -> Sequence[MerchantRow]:
    """The merchants that may be paid."""
    query = select(MerchantRow).where(MerchantRow.state == MerchantState.APPROVED).order_by(col(MerchantRow.id))
    return (await session.scalars(query)).all()


async def review(
    session: AsyncSession,
    merchant_id: str,
    event: MerchantEvent,
    by: str,
    sealed: str,
    now: dt.datetime,
    **terms: Any,  # Any: columns of the table
) -> bool:
    """Decide about an application as somebody else than the applicant; say whether these very details were there."""
    first = {"approved_at": func.coalesce(MerchantRow.approved_at, now)} if event is MerchantEvent.APPROVE else {}
    result = await session.execute(
        update(MerchantRow)
        .where(
            col(MerchantRow.id) == merchant_id,
            col(MerchantRow.state).in_(MERCHANT.sources(event)),
            col(MerchantRow.applicant) != by,
            col(MerchantRow.account_sealed) == sealed,
        )
        .values(state=MERCHANT.target(event), reviewer=by, **terms, **first)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return bool(result.rowcount)
