"""What was answered under an Idempotency-Key, kept as long as the money it is about."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

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


Answer = dict[str, Any]  # Any: JSON
