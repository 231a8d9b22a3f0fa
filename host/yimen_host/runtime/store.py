"""All SQL of the runtime. A ticket is used up by one conditional write."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.core.dropping import drop
from yimen_host.identity.models import SessionRow
from yimen_host.runtime.models import AppSessionRow, ContractionRow, InstalledAppRow, LaunchTicketRow, SubjectRow


@dataclass(frozen=True)
class UsedTicket:
    """What a ticket said."""

    resident_id: str
    session_id: str
    mandate_id: str | None = None


async def roles_without_connections(session: AsyncSession, prefix: str) -> Sequence[str]:
    """Those of the server's roles whose name begins so, and who may not connect at all."""
    found = text("SELECT rolname FROM pg_roles WHERE starts_with(rolname::text, :prefix) AND rolconnlimit = 0")
    return (await session.execute(found, {"prefix": prefix})).scalars().all()


async def add_ticket(session: AsyncSession, row: LaunchTicketRow) -> None:
    """Keep a ticket."""
    session.add(row)
    await session.flush()


async def use_ticket(session: AsyncSession, secret_hash: str, app_id: str, now: dt.datetime) -> UsedTicket | None:
    """Use a ticket up; exactly one caller gets it, and only for its own mini-app and in time."""
    used = (
        update(LaunchTicketRow)
        .where(
            col(LaunchTicketRow.secret_hash) == secret_hash,
            col(LaunchTicketRow.app_id) == app_id,
            col(LaunchTicketRow.used_at).is_(None),
            col(LaunchTicketRow.expires_at) > now,
        )
        .values(used_at=now)
        .returning(col(LaunchTicketRow.resident_id), col(LaunchTicketRow.session_id), col(LaunchTicketRow.mandate_id))
    )
    row = (await session.execute(used)).first()
    return UsedTicket(*row) if row else None


async def forget_tickets(session: AsyncSession, before: dt.datetime, limit: int) -> int:
    """Drop tickets whose time was over before a moment; say how many."""
    expires_at = col(LaunchTicketRow.expires_at)
    return await drop(session, LaunchTicketRow, expires_at < before, oldest=expires_at, limit=limit)


async def add_app_session(session: AsyncSession, row: AppSessionRow) -> None:
    """Keep a session of a mini-app."""
    session.add(row)
    await session.flush()


async def live_app_session(
    session: AsyncSession, secret_hash: str, app_id: str, now: dt.datetime
) -> AppSessionRow | None:
    """The session of a cookie at one origin, while it and the portal session it came from live."""
    found = (
        select(AppSessionRow)
        .join(SessionRow, col(SessionRow.id) == col(AppSessionRow.session_id))
        .where(
            AppSessionRow.secret_hash == secret_hash,
            AppSessionRow.app_id == app_id,
            AppSessionRow.expires_at > now,
            col(SessionRow.ended_at).is_(None),
            SessionRow.expires_at > now,
        )
    )
    return (await session.execute(found)).scalar_one_or_none()


async def forget_app_sessions(session: AsyncSession, before: dt.datetime, limit: int) -> int:
    """Drop mini-apps' sessions whose time was over before a moment; say how many."""
    expires_at = col(AppSessionRow.expires_at)
    return await drop(session, AppSessionRow, expires_at < before, oldest=expires_at, limit=limit)


async def pin(session: AsyncSession, secret_hash: str, version: str) -> None:
    """Move a session to another release, because its own is no longer served."""
    moved = update(AppSessionRow).where(col(AppSessionRow.secret_hash) == secret_hash)
    await session.execute(moved.values(version=version))


async def note_told(session: AsyncSession, secret_hash: str, told: str) -> None:
    """Note which personal fields a session's mini-app has been told."""
    noted = update(AppSessionRow).where(col(AppSessionRow.secret_hash) == secret_hash)
    await session.execute(noted.values(told=told))


async def installed(session: AsyncSession, app_id: str) -> InstalledAppRow | None:
    """How far a mini-app is installed."""
    return await session.get(InstalledAppRow, app_id)


async def all_installed(session: AsyncSession) -> Sequence[str]:
    """The mini-apps that have a schema and a role here."""
    return (await session.scalars(select(InstalledAppRow.app_id))).all()


async def note_installed(session: AsyncSession, row: InstalledAppRow) -> None:
    """Note how far a mini-app is installed."""
    await session.execute(
        insert(InstalledAppRow)
        .values(row.model_dump())
        .on_conflict_do_update(index_elements=["app_id"], set_={"migration": row.migration})
    )


async def add_contraction(session: AsyncSession, row: ContractionRow) -> None:
    """Note what a migration took away; noting it twice changes nothing."""
    await session.execute(insert(ContractionRow).values(row.model_dump()).on_conflict_do_nothing())


async def contractions(session: AsyncSession, app_id: str) -> Sequence[ContractionRow]:
    """The migrations of a mini-app that took something away, in their order."""
    found = select(ContractionRow).where(ContractionRow.app_id == app_id).order_by(col(ContractionRow.number))
    return (await session.scalars(found)).all()


async def forget_app(session: AsyncSession, app_id: str) -> None:
    """Delete everything the runtime keeps of a mini-app."""
    for table in (LaunchTicketRow, AppSessionRow, SubjectRow, ContractionRow, InstalledAppRow):
        await session.execute(delete(table).where(col(table.app_id) == app_id))


async def add_subject(session: AsyncSession, row: SubjectRow) -> None:
    """Note the pairwise name of a resident; noting it twice changes nothing."""
    await session.execute(insert(SubjectRow).values(row.model_dump()).on_conflict_do_nothing())


async def resident_of(session: AsyncSession, app_id: str, sub: str) -> str | None:
    """The resident whom a mini-app knows by a pairwise name."""
    found = select(SubjectRow.resident_id).where(SubjectRow.sub == sub, SubjectRow.app_id == app_id)
    return (await session.execute(found)).scalar_one_or_none()
