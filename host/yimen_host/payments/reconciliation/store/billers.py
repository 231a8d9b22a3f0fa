"""Our side of a biller's day: what a mini-app's orders brought its merchant, by the mini-app's own numbers."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.payments.ledger import books
from yimen_host.payments.reconciliation.lines import Standing

_OURS = """
INSERT INTO ours
SELECT coalesce(o.reference, o.id), CASE WHEN sum(e.amount) > 0 THEN 'payment' ELSE 'refund' END,
    abs(sum(e.amount)), o.currency, ''
FROM ledger_account a JOIN journal_entry e ON e.account_id = a.id JOIN journal_transaction t ON t.id = e.transaction_id
    JOIN payment_order o ON o.id = t.about
WHERE a.code = :account AND e.amount <> 0 AND e.account_seq > :first AND e.account_seq <= :last
    AND (t.key LIKE 'take:%' OR t.key LIKE 'refund:%')
GROUP BY o.id HAVING sum(e.amount) <> 0
"""
_STANDINGS = """
SELECT coalesce(reference, id) AS ref, CASE
    WHEN state = 'open' THEN 'under_way'
    WHEN state IN ('cancelled', 'expired') THEN 'no_money'
    WHEN refunded_fen = amount_fen THEN 'given_back'
    ELSE 'another_day' END AS standing
FROM payment_order WHERE app_id = :app AND (reference = ANY(:refs) OR (reference IS NULL AND id = ANY(:refs)))
"""


async def take_in_ours(session: AsyncSession, account: str, *, begin: dt.datetime, until: dt.datetime) -> None:
    """Stage what each order moved on a merchant's payable account in a span; one that came to nothing is no line."""
    first, last = [await books.last_before(session, account, moment) for moment in (begin, until)]
    await session.execute(text(_OURS.replace(":%'", "\\:%'")), {"account": account, "first": first, "last": last})
    await session.execute(text("ANALYZE ours"))


async def standings(session: AsyncSession, app_id: str, refs: Sequence[str]) -> dict[str, Standing]:
    """What we know of a mini-app's orders, whatever day they are of."""
    rows = await session.execute(text(_STANDINGS), {"app": app_id, "refs": refs})
    return {row.ref: Standing(row.standing) for row in rows}
