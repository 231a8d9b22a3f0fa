"""Attempts in the database, and the notices that channels sent about them."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.core.dropping import drop
from yimen_host.payments.attempts import UNFINISHED, AttemptState
from yimen_host.payments.channels.channel import Notification
from yimen_host.payments.models import AttemptRow, ChannelNoticeRow


async def add(session: AsyncSession, row: AttemptRow) -> bool:
    """Insert an attempt, unless its form was sent before or another attempt is under way; say whether it was."""
    query = insert(AttemptRow).values(row.model_dump()).on_conflict_do_nothing().returning(col(AttemptRow.id))
    return await session.scalar(query) is not None


async def find(session: AsyncSession, attempt_id: str) -> AttemptRow | None:
    """Read an attempt as it stands now."""
    return await session.get(AttemptRow, attempt_id, populate_existing=True)


async def by_form(session: AsyncSession, order_id: str, form_key: str) -> AttemptRow | None:
    """The attempt that this form made."""
    query = select(AttemptRow).where(AttemptRow.order_id == order_id, AttemptRow.form_key == form_key)
    return (await session.scalars(query)).one_or_none()


async def unfinished(session: AsyncSession, order_id: str) -> AttemptRow | None:
    """The attempt that is under way; there is at most one."""
    query = select(AttemptRow).where(AttemptRow.order_id == order_id, col(AttemptRow.state).in_(UNFINISHED))
    return (await session.scalars(query)).one_or_none()


async def of_order(session: AsyncSession, order_id: str) -> Sequence[AttemptRow]:
    """All attempts of an order, newest first."""
    query = select(AttemptRow).where(AttemptRow.order_id == order_id).order_by(col(AttemptRow.id).desc())
    return (await session.scalars(query)).all()


async def due(session: AsyncSession, now: dt.datetime, limit: int) -> Sequence[str]:
    """The unfinished attempts whose channel is to be asked now."""
    query = (
        select(AttemptRow.id)
        .where(col(AttemptRow.state).in_(UNFINISHED), AttemptRow.ask_at <= now)
        .order_by(col(AttemptRow.ask_at), col(AttemptRow.id))
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def open_by_state(session: AsyncSession) -> dict[AttemptState, int]:
    """How many attempts are unfinished, by where they stand."""
    query = select(col(AttemptRow.state), func.count()).where(col(AttemptRow.state).in_(UNFINISHED))
    found = {AttemptState(state): count for state, count in await session.execute(query.group_by(AttemptRow.state))}
    return {state: found.get(state, 0) for state in UNFINISHED}


async def note_step(
    session: AsyncSession, attempt_id: str, *, pay_url: str | None, scan: str | None, channel_ref: str
) -> None:
    """Write down where the channel wants the resident to go, or what they are to scan."""
    await session.execute(
        update(AttemptRow)
        .where(col(AttemptRow.id) == attempt_id)
        .values(pay_url=pay_url, scan=scan, channel_ref=channel_ref)
        .execution_options(synchronize_session=False)
    )


async def ask_again(session: AsyncSession, attempt_id: str, *, queries: int, ask_at: dt.datetime) -> None:
    """Write down that a channel was asked, and when to ask next."""
    await session.execute(
        update(AttemptRow)
        .where(col(AttemptRow.id) == attempt_id)
        .values(queries=queries, ask_at=ask_at)
        .execution_options(synchronize_session=False)
    )


async def hear(session: AsyncSession, channel: str, notice: Notification, now: dt.datetime) -> bool:
    """Remember a sending of a notice; say whether it has still to be acted on."""
    row = {
        "channel": channel,
        "nonce": notice.nonce,
        "notice_id": notice.notice_id,
        "attempt_id": notice.attempt_id,
        "heard_at": now,
    }
    await session.execute(insert(ChannelNoticeRow).values(row).on_conflict_do_nothing())
    acted_at = select(ChannelNoticeRow.acted_at).where(
        ChannelNoticeRow.channel == channel, ChannelNoticeRow.nonce == notice.nonce
    )
    return (await session.scalars(acted_at)).one() is None


async def acted(session: AsyncSession, channel: str, nonce: str, now: dt.datetime) -> None:
    """Write down that a sending was acted on to the end: from now on it is a replay."""
    await session.execute(
        update(ChannelNoticeRow)
        .where(col(ChannelNoticeRow.channel) == channel, col(ChannelNoticeRow.nonce) == nonce)
        .values(acted_at=now)
        .execution_options(synchronize_session=False)
    )


async def forget_notices(session: AsyncSession, before: dt.datetime, limit: int) -> int:
    """Drop what was acted on so long ago that its age alone refuses it; say how many."""
    acted_at = col(ChannelNoticeRow.acted_at)
    return await drop(session, ChannelNoticeRow, acted_at < before, oldest=acted_at, limit=limit)
