"""Reads what a history left behind."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def balance(session: AsyncSession, code: str) -> int:
    """What is posted on an account, in fen."""
    found = await session.scalar(text("SELECT balance FROM ledger_account WHERE code = :code"), {"code": code})
    return int(found or 0)


async def rows(session: AsyncSession, query: str, **values: object) -> list[Any]:  # Any: rows differ
    """All rows of a query."""
    return list((await session.execute(text(query), values)).all())
