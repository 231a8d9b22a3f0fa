"""The two sides of a day beside each other in PostgreSQL, for the length of one transaction.

Lines that agree never leave the database: only those that a rule must judge come out.
"""

import datetime as dt
import re
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.payments.channels.channel import StatementLine
from yimen_host.payments.fees import WHOLE
from yimen_host.payments.reconciliation.lines import OurLine, Standing, Terms, TheirLine, Way

CHUNK = 2000  # lines written to PostgreSQL at once
MAX_LINES = 5_000_000  # of one bill; a channel with more has it in parts
WORK_MEMORY = "96MB"  # for one join of two million lines; more only moves the work from PostgreSQL's files to memory

_TABLES = """
CREATE TEMPORARY TABLE theirs (
    ref text, channel_ref text, way text, fen bigint, fee_fen bigint, currency text
) ON COMMIT DROP;
CREATE TEMPORARY TABLE ours (ref text, way text, fen bigint, currency text, channel_ref text) ON COMMIT DROP
"""
_OURS = """
INSERT INTO ours
WITH clearing AS (SELECT id FROM ledger_account WHERE code = :clearing),
booked AS (
    SELECT t.key, abs(e.amount) AS fen FROM journal_entry e JOIN journal_transaction t ON t.id = e.transaction_id
    WHERE e.account_id = (SELECT id FROM clearing) AND e.amount <> 0
),
placed AS (
    SELECT id AS ref, 'payment' AS way, 'take:' || id AS key, currency, coalesce(channel_ref, '') AS channel_ref
    FROM payment_attempt a
    WHERE channel = :source AND state IN ('settled', 'late', 'refunded') AND ended_at >= :begin AND ended_at < :until
        AND NOT EXISTS (
            SELECT 1 FROM reconciliation_break b WHERE b.ref = a.id AND b.resolution = 'taken_in' AND b.day <> :day
        )
    UNION ALL
    SELECT a.id, 'payment', b.posting_key, a.currency, coalesce(a.channel_ref, '')
    FROM reconciliation_break b JOIN payment_attempt a ON a.id = b.ref
    WHERE b.source = :source AND b.day = :day AND b.resolution = 'taken_in'
        AND NOT (a.ended_at >= :begin AND a.ended_at < :until)
    UNION ALL
    SELECT r.id, 'refund', 'refund:' || r.id || '\\:end', r.currency, ''
    FROM payment_refund r JOIN payment_attempt a ON a.id = r.attempt_id
    WHERE a.channel = :source AND r.state = 'succeeded' AND r.coupon_fen < r.amount_fen
        AND r.ended_at >= :begin AND r.ended_at < :until
)
SELECT ref, way, booked.fen, currency, channel_ref FROM placed LEFT JOIN booked USING (key)
"""
_DIFFERING = """
SELECT coalesce(t.ref, o.ref) FROM (SELECT *, {agreed} AS agreed FROM theirs) t FULL JOIN ours o ON o.ref = t.ref
WHERE o.ref IS NULL OR t.ref IS NULL OR o.fen IS DISTINCT FROM t.fen OR o.way <> t.way OR o.currency <> t.currency
    OR t.fee_fen <> t.agreed
UNION SELECT ref FROM theirs GROUP BY ref HAVING count(*) > 1
"""
_STANDINGS = """
SELECT id, state, state IN ('settled', 'late', 'refunded') AS booked,
    state IN ('created', 'submitted', 'uncertain') AS going
FROM payment_attempt WHERE id = ANY(:refs) AND channel = :source
UNION ALL
SELECT r.id, r.state, r.state = 'succeeded', r.state IN ('requested', 'processing', 'needs_action')
FROM payment_refund r JOIN payment_attempt a ON a.id = r.attempt_id WHERE r.id = ANY(:refs) AND a.channel = :source
"""
_TOTALS = """
SELECT lines_here, lines_there, ours_fen, theirs_fen, fees_fen FROM (
    SELECT count(*) AS lines_here, coalesce(sum(CASE way WHEN 'payment' THEN fen ELSE -fen END)
        FILTER (WHERE currency = :currency), 0)::bigint AS ours_fen
    FROM ours) AS here, (
    SELECT count(*) AS lines_there,
        coalesce(sum(sign * (fen - fee_fen + agreed)) FILTER (WHERE currency = :currency), 0)::bigint AS theirs_fen,
        coalesce(sum(sign * agreed) FILTER (WHERE currency = :currency), 0)::bigint AS fees_fen
    FROM (SELECT *, CASE way WHEN 'payment' THEN 1 ELSE -1 END AS sign, {agreed} AS agreed FROM theirs) AS billed
    ) AS there
"""

_SPECIAL = re.compile(r"[\\\t\n\r\0]").search
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\0": None})
"""What would end a field or a line in the COPY format; a zero byte is in no text of PostgreSQL's."""


class Totals(NamedTuple):
    """What the two sides come to."""

    lines_here: int
    lines_there: int
    ours_fen: int
    theirs_fen: int
    fees_fen: int


class TooManyLines(Exception):
    """The bill is longer than anything we take for one."""


async def prepare(session: AsyncSession) -> None:
    """Make the two empty tables."""
    for statement in _TABLES.split(";"):
        await session.execute(text(statement))
    await session.execute(text(f"SET LOCAL work_mem = '{WORK_MEMORY}'"))


async def take_in_theirs(session: AsyncSession, bill: AsyncIterator[StatementLine]) -> None:
    """Write the channel's bill down as it comes. Raises whatever the channel raises, and TooManyLines."""
    raw = await (await session.connection()).get_raw_connection()
    driver = raw.driver_connection
    assert isinstance(driver, psycopg.AsyncConnection)
    lines = 0
    async with driver.cursor() as cursor, cursor.copy("COPY theirs FROM STDIN") as copy:
        waiting: list[str] = []
        async for line in bill:
            waiting.append(_copied(line))
            if len(waiting) == CHUNK:
                lines += CHUNK
                if lines > MAX_LINES:
                    raise TooManyLines
                await copy.write("".join(waiting))
                waiting.clear()
        await copy.write("".join(waiting))
    await session.execute(text("ANALYZE theirs"))


async def take_in_ours(
    session: AsyncSession, source: str, clearing: str, day: dt.date, *, begin: dt.datetime, until: dt.datetime
) -> None:
    """Write our own lines of the day down: what ended then, with what the ledger says it moved."""
    await session.execute(
        text(_OURS), {"source": source, "clearing": clearing, "day": day, "begin": begin, "until": until}
    )
    await session.execute(text("ANALYZE ours"))


async def has_ours(session: AsyncSession) -> bool:
    """Whether anything of ours was written down."""
    return bool(await session.scalar(text("SELECT EXISTS (SELECT 1 FROM ours)")))


async def differing(session: AsyncSession, terms: Terms) -> Sequence[str]:
    """The numbers under which the two sides are not one and the same line."""
    return (await session.scalars(text(_DIFFERING.format(agreed=_agreed(terms))), _fees(terms))).all()


async def our_lines(session: AsyncSession, refs: Sequence[str]) -> list[OurLine]:
    """Our lines under these numbers."""
    rows = await session.execute(
        text("SELECT ref, way, fen, currency, channel_ref FROM ours WHERE ref = ANY(:refs)"), {"refs": refs}
    )
    return [OurLine(row.ref, Way(row.way), row.fen, row.currency, row.channel_ref) for row in rows]


async def their_lines(session: AsyncSession, refs: Sequence[str]) -> list[TheirLine]:
    """The bill's lines under these numbers."""
    rows = await session.execute(
        text("SELECT ref, way, fen, fee_fen, currency, channel_ref FROM theirs WHERE ref = ANY(:refs)"), {"refs": refs}
    )
    return [TheirLine(row.ref, Way(row.way), row.fen, row.fee_fen, row.currency, row.channel_ref) for row in rows]


async def standings(session: AsyncSession, source: str, refs: Sequence[str]) -> dict[str, Standing]:
    """What we know of these numbers at this channel, whatever day they are of."""
    rows = await session.execute(text(_STANDINGS), {"source": source, "refs": refs})
    return {
        row.id: Standing.ANOTHER_DAY if row.booked else Standing.UNDER_WAY if row.going else Standing.NO_MONEY
        for row in rows
    }


async def billed(session: AsyncSession, channel_refs: Sequence[str]) -> frozenset[str]:
    """Which of these numbers of the channel stand for a payment in the bill."""
    found = await session.scalars(
        text("SELECT channel_ref FROM theirs WHERE way = 'payment' AND channel_ref = ANY(:refs)"),
        {"refs": channel_refs},
    )
    return frozenset(found)


async def totals(session: AsyncSession, terms: Terms) -> Totals:
    """Count and sum both sides."""
    row = (
        await session.execute(text(_TOTALS.format(agreed=_agreed(terms))), {**_fees(terms), "currency": terms.currency})
    ).one()
    return Totals(*row)


def _fees(terms: Terms) -> dict[str, int | None]:
    if terms.fee is None:
        return {}
    fee = terms.fee
    return {"bp": fee.bp, "least": fee.least_fen, "most": fee.most_fen, "half": WHOLE // 2, "whole": WHOLE}


def _agreed(terms: Terms) -> str:
    """The agreed fee of a line of ``theirs``, as ``Fee.of``; without one, what was charged. LEAST passes over NULL."""
    if terms.fee is None:
        return "fee_fen"
    return "least(greatest((fen * :bp + :half) / :whole, :least), fen, CAST(:most AS bigint))"


def _copied(line: StatementLine) -> str:
    ref, channel_ref, amount = line.our_ref, line.channel_ref, line.amount
    if _SPECIAL(ref) or _SPECIAL(channel_ref):
        ref, channel_ref = ref.translate(_ESCAPED), channel_ref.translate(_ESCAPED)
    return f"{ref}\t{channel_ref}\t{line.kind}\t{amount.fen}\t{line.fee.fen}\t{amount.currency}\n"
