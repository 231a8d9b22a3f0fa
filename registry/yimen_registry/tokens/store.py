"""All SQL of API tokens."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_registry.database import written
from yimen_registry.tokens.models import TokenRow


@dataclass(frozen=True)
class Token:
    """An API token as its publisher sees it."""

    id: str
    name: str
    publisher_id: str
    app_id: str | None
    created_by: str
    created_at: dt.datetime
    expires_at: dt.datetime | None
    last_used_at: dt.datetime | None
    revoked_at: dt.datetime | None


async def add(session: AsyncSession, row: TokenRow) -> Token:
    """Keep a token."""
    session.add(row)
    await session.flush()
    return _token(row)


async def use(session: AsyncSession, hashed: str, now: dt.datetime) -> Token | None:
    """Find a token that is still good, and note that it was used."""
    used = (
        update(TokenRow)
        .where(
            col(TokenRow.hash) == hashed,
            col(TokenRow.revoked_at).is_(None),
            or_(col(TokenRow.expires_at).is_(None), col(TokenRow.expires_at) > now),
        )
        .values(last_used_at=now)
        .returning(TokenRow)
    )
    row = (await session.execute(used)).scalar_one_or_none()
    return _token(row) if row else None


async def token(session: AsyncSession, token_id: str) -> Token | None:
    """Return a token by its id."""
    row = await session.get(TokenRow, token_id, populate_existing=True)
    return _token(row) if row else None


async def of_publisher(session: AsyncSession, publisher_id: str) -> list[Token]:
    """Return a publisher's tokens, newest first."""
    query = select(TokenRow).where(TokenRow.publisher_id == publisher_id).order_by(col(TokenRow.created_at).desc())
    return [_token(row) for row in (await session.execute(query)).scalars()]


async def revoke(session: AsyncSession, token_id: str, now: dt.datetime) -> bool:
    """End a token; False when it had ended."""
    ended = (
        update(TokenRow).where(col(TokenRow.id) == token_id, col(TokenRow.revoked_at).is_(None)).values(revoked_at=now)
    )
    return written(await session.execute(ended)) == 1


async def revoke_of_app(session: AsyncSession, app_id: str, now: dt.datetime) -> None:
    """End every token that is for one mini-app only."""
    ended = update(TokenRow).where(col(TokenRow.app_id) == app_id, col(TokenRow.revoked_at).is_(None))
    await session.execute(ended.values(revoked_at=now))


def _token(row: TokenRow) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        publisher_id=row.publisher_id,
        app_id=row.app_id,
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
