"""Refunds in the database."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import exists, func, true, union_all, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from yimen_host.payments.attempts import AttemptState
from yimen_host.payments.models import AttemptRow, OrderRow, RefundRow
from yimen_host.payments.refunds import RefundState

UNFINISHED = (RefundState.REQUESTED, RefundState.PROCESSING)


async def add(session: AsyncSession, row: RefundRow) -> bool:
    """Insert a refund, unless its order has one under this key; say whether it was inserted."""
    query = insert(RefundRow).values(row.model_dump()).on_conflict_do_nothing().returning(col(RefundRow.id))
    return await session.scalar(query) is not None


async def find(session: AsyncSession, refund_id: str) -> RefundRow | None:
    """Read a refund as it stands now."""
    return await session.get(RefundRow, refund_id, populate_existing=True)


async def by_key(session: AsyncSession, order_id: str, key: str) -> RefundRow | None:
    """The refund under a mini-app's own key."""
    query = select(RefundRow).where(RefundRow.order_id == order_id, RefundRow.key == key)
    return (await session.scalars(query)).one_or_none()


async def of_order(session: AsyncSession, order_id: str) -> Sequence[RefundRow]:
    """All refunds of an order, oldest first."""
    return (await session.scalars(select(RefundRow).where(RefundRow.order_id == order_id).order_by(RefundRow.id))).all()


async def due(session: AsyncSession, now: dt.datetime, limit: int) -> Sequence[str]:
    """The unfinished refunds to go on with now."""
    query = (
        select(RefundRow.id)
        .where(col(RefundRow.state).in_(UNFINISHED), RefundRow.ask_at <= now)
        .order_by(col(RefundRow.ask_at), col(RefundRow.id))
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def given_to_payer(session: AsyncSession, order_id: str) -> int:
    """What the refunds of an order, but for those that failed, give back to whoever paid; coupons' parts left out."""
    query = select(func.coalesce(func.sum(col(RefundRow.amount_fen) - col(RefundRow.coupon_fen)), 0)).where(
        RefundRow.order_id == order_id, ~col(RefundRow.late), col(RefundRow.state) != RefundState.FAILED
    )
    return int((await session.scalars(query)).one())


async def stuck(session: AsyncSession, limit: int) -> Sequence[RefundRow]:
    """The refunds that wait for a person, oldest first: those in need of action, and late money not taken back."""
    waiting = _stuck()
    return (await session.scalars(select(waiting).order_by(col(waiting.id)).limit(limit))).all()


async def count_stuck(session: AsyncSession) -> int:
    """How many refunds wait for a person."""
    return (await session.scalars(select(func.count()).select_from(_stuck()))).one()


async def open_by_state(session: AsyncSession) -> dict[RefundState, int]:
    """How many refunds are under way, by where they stand."""
    query = select(col(RefundRow.state), func.count()).where(col(RefundRow.state).in_(UNFINISHED))
    found = {RefundState(state): count for state, count in await session.execute(query.group_by(RefundRow.state))}
    return {state: found.get(state, 0) for state in UNFINISHED}


async def count_ended(session: AsyncSession, order_id: str, *, but: str) -> int:
    """How many refunds of an order ended, of those that it asked for, but one."""
    ended = col(RefundRow.state).in_((RefundState.SUCCEEDED, RefundState.FAILED))
    query = select(func.count()).where(RefundRow.order_id == order_id, ~col(RefundRow.late), ended, RefundRow.id != but)
    return (await session.scalars(query)).one()


async def declined(
    session: AsyncSession, since: dt.datetime, until: dt.datetime, limit: int
) -> Sequence[tuple[OrderRow, RefundRow]]:
    """The refunds that failed in between and after which their order got no other, with the order, oldest first."""
    newer = aliased(RefundRow)
    asked_again = exists().where(
        col(newer.order_id) == col(RefundRow.order_id), ~col(newer.late), col(newer.id) > col(RefundRow.id)
    )
    query = (
        select(OrderRow, RefundRow)
        .join(RefundRow, col(RefundRow.order_id) == col(OrderRow.id))
        .where(
            RefundRow.state == RefundState.FAILED,
            ~col(RefundRow.late),
            col(RefundRow.ended_at).between(since, until),
            ~asked_again,
        )
        .order_by(col(RefundRow.id))
        .limit(limit)
    )
    return [(order, refund) for order, refund in await session.execute(query)]


async def ask_again(session: AsyncSession, refund_id: str, *, queries: int, ask_at: dt.datetime) -> None:
    """Write down that a channel was asked, and when to ask next."""
    await session.execute(
        update(RefundRow)
        .where(col(RefundRow.id) == refund_id)
        .values(queries=queries, ask_at=ask_at)
        .execution_options(synchronize_session=False)
    )


def _stuck() -> type[RefundRow]:
    """The refunds that a person is needed for, and the last try for each late payment that is still in suspense."""
    tries = select(RefundRow).where(
        col(RefundRow.order_id) == col(AttemptRow.order_id), RefundRow.attempt_id == AttemptRow.id, RefundRow.late
    )
    last = aliased(RefundRow, tries.order_by(col(RefundRow.id).desc()).limit(1).correlate(AttemptRow).lateral())
    in_suspense = (
        select(last)
        .select_from(AttemptRow)
        .join(last, true())
        .where(AttemptRow.state == AttemptState.LATE, last.state == RefundState.FAILED)
    )
    needed = select(RefundRow).where(RefundRow.state == RefundState.NEEDS_ACTION)
    return aliased(RefundRow, union_all(needed, in_suspense).subquery())
