"""What was answered under an Idempotency-Key, kept for as long as anybody may try again."""

import datetime as dt
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from yimen_host.core.dropping import drop
from yimen_host.payments.models import IdempotencyRow


async def claim(session: AsyncSession, scope: str, key: str) -> bool:
    """Hold a key until this transaction ends; say no when another transaction holds it. A crash lets it go."""
    held = await session.scalar(
        text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 4))"), {"key": f"{scope}\n{key}"}
    )
    return bool(held)


async def find(session: AsyncSession, scope: str, key: str) -> IdempotencyRow | None:
    """What was answered under a key."""
    return await session.get(IdempotencyRow, (scope, key))


async def keep(session: AsyncSession, row: IdempotencyRow) -> None:
    """Keep an answer, in the transaction that did what it says."""
    session.add(row)
    await session.flush()


async def forget(session: AsyncSession, before: dt.datetime, limit: int) -> int:
    """Drop answers that were given before a moment; say how many."""
    created_at = col(IdempotencyRow.created_at)
    return await drop(session, IdempotencyRow, created_at < before, oldest=created_at, limit=limit)


Answer = dict[str, Any]  # Any: JSON
