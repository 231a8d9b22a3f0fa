"""All SQL of identity. Guards are conditional writes; rules live in the files named for them."""

import datetime as dt
from collections.abc import Iterable, Sequence

from sqlalchemy import CursorResult, case, delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_host.core.dropping import drop
from yimen_host.identity.models import (
    CodeRow,
    ConsentRow,
    DataAccessRow,
    PasswordRow,
    ResidentRow,
    RoleRow,
    SandboxMessageRow,
    SessionRow,
)

LIST_LIMIT = 100


async def resident(session: AsyncSession, resident_id: str) -> ResidentRow | None:
    """An account by its id."""
    return await session.get(ResidentRow, resident_id)


async def hold_resident(session: AsyncSession, resident_id: str) -> None:
    """Let nobody else who holds this resident go on until this transaction has ended."""
    held = select(ResidentRow.id).where(ResidentRow.id == resident_id).with_for_update(key_share=True)
    await session.execute(held)


async def resident_by_phone(session: AsyncSession, phone_hash: str) -> ResidentRow | None:
    """An account by the keyed hash of its phone number."""
    return (await session.execute(select(ResidentRow).where(ResidentRow.phone_hash == phone_hash))).scalar_one_or_none()


async def add_resident(session: AsyncSession, row: ResidentRow) -> bool:
    """Add an account; False when the phone number already has one."""
    added = insert(ResidentRow).values(row.model_dump()).on_conflict_do_nothing(index_elements=["phone_hash"])
    return (await session.execute(added.returning(col(ResidentRow.id)))).first() is not None


async def bind_person(session: AsyncSession, resident_id: str, values: dict[str, object]) -> bool:
    """Write the verified person on an account that has none; False when it has one.

    Raises IntegrityError when the person already has another account.
    """
    async with session.begin_nested():
        bound = update(ResidentRow).where(col(ResidentRow.id) == resident_id, col(ResidentRow.person_hash).is_(None))
        return _count(await session.execute(bound.values(values))) == 1


async def roles(session: AsyncSession, resident_id: str) -> frozenset[str]:
    """The duties of an account."""
    rows = await session.execute(select(RoleRow.role).where(RoleRow.resident_id == resident_id))
    return frozenset(rows.scalars())


async def holders(session: AsyncSession, role: str) -> Sequence[str]:
    """The accounts with a duty."""
    query = select(RoleRow.resident_id).where(RoleRow.role == role).order_by(col(RoleRow.resident_id))
    return (await session.scalars(query)).all()


async def add_role(session: AsyncSession, resident_id: str, role: str) -> None:
    """Give a duty; giving it twice is no error."""
    await session.execute(insert(RoleRow).values(resident_id=resident_id, role=role).on_conflict_do_nothing())


async def password(session: AsyncSession, resident_id: str, kind: str) -> PasswordRow | None:
    """A password with its count of wrong tries."""
    return await session.get(PasswordRow, (resident_id, kind), populate_existing=True)


async def set_password(session: AsyncSession, row: PasswordRow) -> None:
    """Set or replace a password."""
    fresh = row.model_dump(exclude={"resident_id", "kind"})
    await session.execute(
        insert(PasswordRow)
        .values(row.model_dump())
        .on_conflict_do_update(index_elements=["resident_id", "kind"], set_=fresh)
    )


async def begin_try(
    session: AsyncSession, row: PasswordRow, *, now: dt.datetime, tries: int, pause: dt.timedelta
) -> bool:
    """Count a try before it is checked, so that parallel guesses cannot share one; False while locked."""
    failures = col(PasswordRow.failures)
    locked = col(PasswordRow.locked_until)
    counted = (
        update(PasswordRow)
        .where(
            col(PasswordRow.resident_id) == row.resident_id,
            col(PasswordRow.kind) == row.kind,
            locked.is_(None) | (locked <= now),
        )
        .values(
            failures=(failures + 1) % tries,
            locked_until=case((failures + 1 >= tries, now + pause), else_=None),
        )
    )
    return _count(await session.execute(counted)) == 1


async def end_failures(session: AsyncSession, row: PasswordRow) -> None:
    """Forget the wrong tries after a right one."""
    cleared = update(PasswordRow).where(
        col(PasswordRow.resident_id) == row.resident_id, col(PasswordRow.kind) == row.kind
    )
    await session.execute(cleared.values(failures=0, locked_until=None))


async def add_code(session: AsyncSession, row: CodeRow) -> None:
    """Keep a one-time code."""
    session.add(row)
    await session.flush()


async def codes_since(session: AsyncSession, phone_hash: str, since: dt.datetime) -> int:
    """How many codes a phone was sent since a moment."""
    sent = select(func.count()).where(CodeRow.phone_hash == phone_hash, CodeRow.created_at > since)
    return int((await session.execute(sent)).scalar_one())


async def code(session: AsyncSession, code_id: str) -> CodeRow | None:
    """A one-time code."""
    return await session.get(CodeRow, code_id, populate_existing=True)


async def count_code_try(session: AsyncSession, code_id: str, *, now: dt.datetime, tries: int) -> bool:
    """Count a try of a code that is still good; False when it is used, stale or worn out."""
    good = update(CodeRow).where(
        col(CodeRow.id) == code_id,
        col(CodeRow.used_at).is_(None),
        col(CodeRow.expires_at) > now,
        col(CodeRow.tries) < tries,
    )
    return _count(await session.execute(good.values(tries=CodeRow.tries + 1))) == 1


async def use_code(session: AsyncSession, code_id: str, *, now: dt.datetime) -> bool:
    """Use a code up; exactly one caller gets True."""
    used = update(CodeRow).where(col(CodeRow.id) == code_id, col(CodeRow.used_at).is_(None)).values(used_at=now)
    return _count(await session.execute(used)) == 1


async def forget_codes(session: AsyncSession, before: dt.datetime, limit: int) -> int:
    """Drop codes that ended before a moment; say how many."""
    expires_at = col(CodeRow.expires_at)
    return await drop(session, CodeRow, expires_at < before, oldest=expires_at, limit=limit)


async def add_session(session: AsyncSession, row: SessionRow) -> None:
    """Keep a signed-in browser."""
    session.add(row)
    await session.flush()


async def live_session(session: AsyncSession, secret_hash: str, now: dt.datetime) -> SessionRow | None:
    """The session of a cookie, while it lives."""
    found = select(SessionRow).where(
        SessionRow.secret_hash == secret_hash, col(SessionRow.ended_at).is_(None), SessionRow.expires_at > now
    )
    return (await session.execute(found)).scalar_one_or_none()


async def see_session(session: AsyncSession, session_id: str, now: dt.datetime) -> None:
    """Note that a session was used."""
    await session.execute(update(SessionRow).where(col(SessionRow.id) == session_id).values(seen_at=now))


async def sessions(session: AsyncSession, resident_id: str, now: dt.datetime) -> Sequence[SessionRow]:
    """The live sessions of an account, the latest first."""
    found = (
        select(SessionRow)
        .where(SessionRow.resident_id == resident_id, col(SessionRow.ended_at).is_(None), SessionRow.expires_at > now)
        .order_by(col(SessionRow.seen_at).desc())
        .limit(LIST_LIMIT)
    )
    return (await session.execute(found)).scalars().all()


async def end_sessions(
    session: AsyncSession, resident_id: str, now: dt.datetime, *, only: str | None = None, but: str | None = None
) -> list[str]:
    """End one living session, or all but one, of an account; tells which were ended."""
    living = (col(SessionRow.ended_at).is_(None), col(SessionRow.expires_at) > now)
    ended = update(SessionRow).where(col(SessionRow.resident_id) == resident_id, *living)
    if only is not None:
        ended = ended.where(col(SessionRow.id) == only)
    if but is not None:
        ended = ended.where(col(SessionRow.id) != but)
    return list((await session.execute(ended.values(ended_at=now).returning(col(SessionRow.id)))).scalars())


async def forget_sessions(session: AsyncSession, before: dt.datetime, limit: int) -> int:
    """Drop sessions whose time was over before a moment; say how many. What began from one goes with it."""
    expires_at = col(SessionRow.expires_at)
    return await drop(session, SessionRow, expires_at < before, oldest=expires_at, limit=limit)


async def consents(session: AsyncSession, resident_id: str, app_id: str | None = None) -> Sequence[ConsentRow]:
    """What an account decided, for one mini-app or for all."""
    found = select(ConsentRow).where(ConsentRow.resident_id == resident_id)
    if app_id is not None:
        found = found.where(ConsentRow.app_id == app_id)
    return (await session.execute(found.order_by(ConsentRow.app_id, ConsentRow.scope))).scalars().all()


async def decide(session: AsyncSession, rows: Iterable[ConsentRow]) -> None:
    """Write decisions over earlier ones."""
    for row in rows:
        fresh = row.model_dump(include={"granted", "reason", "decided_at"})
        await session.execute(
            insert(ConsentRow)
            .values(row.model_dump())
            .on_conflict_do_update(index_elements=["resident_id", "app_id", "scope"], set_=fresh)
        )


async def forget_app(session: AsyncSession, app_id: str) -> None:
    """Delete what residents decided about a mini-app that is gone. Who read what stays: it is the residents' log."""
    await session.execute(delete(ConsentRow).where(col(ConsentRow.app_id) == app_id))


async def add_access(session: AsyncSession, row: DataAccessRow) -> None:
    """Write down that somebody read a resident's data."""
    session.add(row)
    await session.flush()


async def accesses(session: AsyncSession, resident_id: str) -> Sequence[DataAccessRow]:
    """Who read a resident's data, the latest first."""
    found = (
        select(DataAccessRow)
        .where(DataAccessRow.resident_id == resident_id)
        .order_by(col(DataAccessRow.id).desc())
        .limit(LIST_LIMIT)
    )
    return (await session.execute(found)).scalars().all()


async def sandbox_messages(session: AsyncSession) -> Sequence[SandboxMessageRow]:
    """The newest messages of the development inbox."""
    found = select(SandboxMessageRow).order_by(col(SandboxMessageRow.id).desc()).limit(20)
    return (await session.execute(found)).scalars().all()


async def notify(session: AsyncSession, channel: str, payload: str) -> None:
    """Tell everybody who listens, mini-apps too, when this transaction commits (NOTIFY)."""
    await session.execute(select(func.pg_notify(channel, payload)))


def is_taken(error: IntegrityError, constraint: str) -> bool:
    """Whether a write failed because of one unique constraint."""
    return constraint in str(error.orig)


def _count(result: object) -> int:
    assert isinstance(result, CursorResult)
    return result.rowcount
