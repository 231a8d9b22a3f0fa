"""All SQL of mandates. A month's cap is kept by one conditional write, whoever else pays at that moment."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import func, or_, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.identity.mandates.mandate import Event, State, sources, target
from yimen_host.identity.mandates.models import MandateMonthRow, MandateRow, MandateUseRow

MOST_LISTED = 50
OPEN = (State.ASKED, State.ACTIVE)

_TAKE = text(
    """
    INSERT INTO mandate_month AS m (mandate_id, month, cap_fen, used_fen)
    SELECT id, :month, month_cap_fen, :fen FROM mandate
    WHERE id = :mandate_id AND state = 'active' AND starts_at <= :now AND ends_at > :now
      AND :fen <= payment_cap_fen AND :fen <= month_cap_fen
    FOR SHARE
    ON CONFLICT (mandate_id, month) DO UPDATE SET used_fen = m.used_fen + excluded.used_fen
      WHERE m.used_fen + excluded.used_fen <= m.cap_fen
    RETURNING used_fen
    """
)
"""FOR SHARE: who ends the mandate at this moment comes wholly before or wholly after."""


async def add(session: AsyncSession, row: MandateRow) -> bool:
    """Insert a mandate, unless one stands between these two for this mini-app; say whether it was inserted."""
    added = insert(MandateRow).values(row.model_dump()).on_conflict_do_nothing().returning(col(MandateRow.id))
    return await session.scalar(added) is not None


async def find(session: AsyncSession, mandate_id: str) -> MandateRow | None:
    """A mandate as it stands now."""
    return await session.get(MandateRow, mandate_id, populate_existing=True)


async def counting(
    session: AsyncSession, mandate_id: str, *, delegate_id: str, app_id: str, now: dt.datetime
) -> MandateRow | None:
    """A mandate of this delegate for this mini-app that counts at this moment."""
    found = select(MandateRow).where(
        MandateRow.id == mandate_id,
        MandateRow.delegate_id == delegate_id,
        MandateRow.app_id == app_id,
        MandateRow.state == State.ACTIVE,
        MandateRow.starts_at <= now,
        MandateRow.ends_at > now,
    )
    return (await session.scalars(found)).one_or_none()


async def of_person(session: AsyncSession, resident_id: str) -> Sequence[MandateRow]:
    """The mandates that a person gave or has, the newest first."""
    mine = or_(col(MandateRow.representee_id) == resident_id, col(MandateRow.delegate_id) == resident_id)
    found = select(MandateRow).where(mine).order_by(col(MandateRow.id).desc()).limit(MOST_LISTED)
    return (await session.scalars(found)).all()


async def open_of(session: AsyncSession, resident_id: str) -> int:
    """How many mandates of a person stand or wait for an answer."""
    mine = or_(col(MandateRow.representee_id) == resident_id, col(MandateRow.delegate_id) == resident_id)
    counted = select(func.count()).select_from(MandateRow).where(mine, col(MandateRow.state).in_(OPEN))
    return int((await session.execute(counted)).scalar_one())


async def move(session: AsyncSession, mandate_id: str, event: Event, **values: object) -> bool:
    """Move a mandate along its table; False when it is not in a state that allows it."""
    moved = (
        update(MandateRow)
        .where(col(MandateRow.id) == mandate_id, col(MandateRow.state).in_(sources(event)))
        .values(state=target(event), **values)
        .returning(col(MandateRow.id))
        .execution_options(synchronize_session=False)
    )
    return await session.scalar(moved) is not None


async def lapse(session: AsyncSession, resident_id: str, now: dt.datetime) -> None:
    """Note of a person's mandates that their time is over."""
    mine = or_(col(MandateRow.representee_id) == resident_id, col(MandateRow.delegate_id) == resident_id)
    open_ = col(MandateRow.state).in_(sources(Event.LAPSE))
    over = update(MandateRow).where(mine, open_, col(MandateRow.ends_at) <= now)
    values = {"state": target(Event.LAPSE), "ended_at": now}
    await session.execute(over.values(**values).execution_options(synchronize_session=False))


async def end_of_app(session: AsyncSession, app_id: str, now: dt.datetime) -> Sequence[str]:
    """End every mandate for a mini-app that is gone, by nobody's act; return whom it concerned."""
    concerned: set[str] = set()
    for event in (Event.REVOKE, Event.REFUSE):
        ended = (
            update(MandateRow)
            .where(col(MandateRow.app_id) == app_id, col(MandateRow.state).in_(sources(event)))
            .values(state=target(event), ended_at=now)
            .returning(col(MandateRow.representee_id), col(MandateRow.delegate_id))
            .execution_options(synchronize_session=False)
        )
        concerned.update(person for two in (await session.execute(ended)).all() for person in two)
    return sorted(concerned)


async def take(session: AsyncSession, mandate_id: str, *, month: dt.date, fen: int, now: dt.datetime) -> bool:
    """Count a payment against its caps, if the mandate counts now and so much is left; say whether it was."""
    values = {"mandate_id": mandate_id, "month": month, "fen": fen, "now": now}
    return await session.scalar(_TAKE, values) is not None


async def give_back(session: AsyncSession, attempt_id: str, fen: int | None) -> None:
    """Free the month's cap of what a payment, by its attempt, gave back; None is all of it. Never more than it took."""
    use = (
        select(MandateUseRow)
        .where(MandateUseRow.attempt_id == attempt_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    row = (await session.scalars(use)).one_or_none()
    if row is None:
        return  # not paid by a mandate
    freed = min(row.fen - row.returned_fen, row.fen if fen is None else fen)
    row.returned_fen += freed
    session.add(row)
    await session.execute(
        update(MandateMonthRow)
        .where(col(MandateMonthRow.mandate_id) == row.mandate_id, col(MandateMonthRow.month) == row.month)
        .values(used_fen=MandateMonthRow.used_fen - freed)
        .execution_options(synchronize_session=False)
    )
    await session.flush()


async def note_use(session: AsyncSession, row: MandateUseRow) -> None:
    """Write down a use, for both people to see."""
    session.add(row)
    await session.flush()


async def uses(session: AsyncSession, mandate_id: str) -> Sequence[MandateUseRow]:
    """The newest uses of a mandate."""
    found = select(MandateUseRow).where(MandateUseRow.mandate_id == mandate_id)
    return (await session.scalars(found.order_by(col(MandateUseRow.id).desc()).limit(MOST_LISTED))).all()


async def used_in(session: AsyncSession, mandate_id: str, month: dt.date) -> int:
    """What counts against a month's cap, in fen."""
    row = await session.get(MandateMonthRow, (mandate_id, month), populate_existing=True)
    return row.used_fen if row else 0
