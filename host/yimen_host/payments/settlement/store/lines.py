"""A merchant's lines in the journal, each with its fee: as ``fees.Fee`` and ``fees.given_back`` have it, line by line.

A payment is charged by the terms of its own day and channel; its refunds give back of just that, whenever they come.
Other lines, such as the ends of breaks, carry no fee.
"""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.payments.fees import WHOLE
from yimen_host.payments.ledger import books
from yimen_host.payments.settlement.models import BatchRow
from yimen_host.payments.settlement.reckoning import Lines

_OWN = "settle:%"
"""The keys of settlement's own postings: they move a merchant's money and are no lines."""
_PRICED = r"""
WITH line AS (
    SELECT e.account_id, e.account_seq, e.amount, t.key, t.about, t.recorded_at, r.id AS refund_id, r.order_id,
        CASE WHEN t.key LIKE 'take\:%' THEN split_part(t.key, '\:', 2) ELSE r.attempt_id END AS attempt_id
    FROM ledger_account a JOIN journal_entry e ON e.account_id = a.id JOIN journal_transaction t
        ON t.id = e.transaction_id
        LEFT JOIN payment_refund r ON t.key LIKE 'refund\:%' AND r.id = split_part(t.key, '\:', 2)
    WHERE a.code = :code AND e.account_seq > :after AND e.account_seq <= :last
        AND e.amount <> 0 AND t.key NOT LIKE :own
),
paid AS (
    SELECT line.*, a.channel, coalesce(p.amount, line.amount) AS paid, coalesce(b.fen, 0) AS before,
        (coalesce(p.recorded_at, line.recorded_at) AT TIME ZONE 'Asia/Shanghai')::date AS day
    FROM line LEFT JOIN payment_attempt a ON a.id = line.attempt_id
    LEFT JOIN LATERAL (
        SELECT e.amount, t.recorded_at FROM journal_transaction t
            JOIN journal_entry e ON e.transaction_id = t.id AND e.account_id = line.account_id
        WHERE line.refund_id IS NOT NULL AND t.key = 'take\:' || line.attempt_id
    ) p ON true
    LEFT JOIN LATERAL (
        SELECT -sum(e.amount) AS fen FROM payment_refund r
            JOIN journal_transaction t ON t.key IN ('refund\:' || r.id, 'refund\:' || r.id || '\:end')
            JOIN journal_entry e ON e.transaction_id = t.id AND e.account_id = line.account_id
        WHERE line.refund_id IS NOT NULL AND r.order_id = line.order_id AND r.attempt_id = line.attempt_id
            AND e.account_seq < line.account_seq
    ) b ON true
),
charged AS (
    SELECT paid.*, CASE WHEN attempt_id IS NULL OR paid <= 0 THEN 0 ELSE
        coalesce(least(greatest((paid * f.fee_bp + :half) / :whole, f.least_fen), paid, f.most_fen), 0) END AS charge
    FROM paid LEFT JOIN LATERAL (
        SELECT fee_bp, least_fen, most_fen FROM merchant_fee
        WHERE merchant_id = :merchant AND channel IN ('', paid.channel) AND from_day <= paid.day
        ORDER BY (channel <> '') DESC, from_day DESC, id DESC LIMIT 1
    ) f ON true
),
priced AS (
    SELECT recorded_at, about, key, amount, account_seq, CASE
        WHEN refund_id IS NULL OR paid <= 0 THEN charge
        ELSE div(charge * before + paid / 2, paid) - div(charge * (before - amount) + paid / 2, paid)
        END::bigint AS fee
    FROM charged
)
"""


class Line(NamedTuple):
    """A line: when, for which order, by which posting, how many fen, and the fee of it."""

    at: dt.datetime
    about: str
    key: str
    fen: int
    fee_fen: int


async def cut(session: AsyncSession, code: str, *, after: int, before: dt.datetime) -> int:
    """The last line of an account that was booked before a moment, among those after ``after``."""
    return max(after, await books.last_before(session, code, before))


async def lines(session: AsyncSession, merchant_id: str, code: str, *, after: int, last: int) -> Lines:
    """Add up an account's lines, with the fee of each."""
    sums = "SELECT count(*), coalesce(sum(amount), 0)::bigint, coalesce(sum(fee), 0)::bigint FROM priced"
    row = (await session.execute(text(_PRICED + sums), _bound(merchant_id, code, after, last))).one()
    return Lines(*row)


async def each_line(session: AsyncSession, code: str, row: BatchRow) -> Sequence[Line]:
    """A batch's lines, in the order they were booked."""
    each = "SELECT recorded_at, about, key, amount, fee FROM priced ORDER BY account_seq"
    bound = _bound(row.merchant_id, code, row.after_seq, row.last_seq)
    return [Line(*found) for found in await session.execute(text(_PRICED + each), bound)]


def _bound(merchant_id: str, code: str, after: int, last: int) -> dict[str, object]:
    return {
        "merchant": merchant_id, "code": code, "after": after, "last": last, "own": _OWN,
        "half": WHOLE // 2, "whole": WHOLE,
    }  # fmt: skip
