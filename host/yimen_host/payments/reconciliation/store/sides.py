"""What each side says of one order: read across orders, attempts and breaks, for a page only."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_ORDER = """
SELECT o.id AS order_id, o.app_id, coalesce(o.reference, o.id) AS reference, a.id AS attempt_id, a.channel,
    a.amount_fen AS channel_fen, a.ended_at, o.refunded_fen,
    (SELECT coalesce(sum(e.amount), 0)::bigint FROM journal_transaction t
        JOIN journal_entry e ON e.transaction_id = t.id JOIN ledger_account l ON l.id = e.account_id
        WHERE t.key = 'take\\:' || a.id AND l.code LIKE 'merchant\\:%') AS ledger_fen
FROM payment_order o JOIN payment_attempt a ON a.order_id = o.id AND a.state = 'settled'
"""
_BY_NUMBER = """ WHERE o.id = coalesce(
    (SELECT order_id FROM payment_attempt WHERE id = :ref AND state = 'settled'),
    (SELECT order_id FROM payment_refund WHERE id = :ref))
"""
_BY_REFERENCE = " WHERE o.app_id = :app AND (o.reference = :ref OR o.reference IS NULL AND o.id = :ref)"


@dataclass(frozen=True)
class Paid:
    """A paid order: how its channel and its biller know it, what the ledger has of it, and what went back."""

    order_id: str
    app_id: str | None
    reference: str
    attempt_id: str
    channel: str
    channel_fen: int
    ended_at: dt.datetime
    refunded_fen: int
    ledger_fen: int


async def by_number(session: AsyncSession, ref: str) -> Paid | None:
    """The order of an attempt or a refund."""
    row = (await session.execute(text(_ORDER + _BY_NUMBER), {"ref": ref})).first()
    return Paid(**row._mapping) if row else None


async def by_reference(session: AsyncSession, app_id: str, ref: str) -> Paid | None:
    """The order that a mini-app opened under a number of its own."""
    row = (await session.execute(text(_ORDER + _BY_REFERENCE), {"app": app_id, "ref": ref})).first()
    return Paid(**row._mapping) if row else None
