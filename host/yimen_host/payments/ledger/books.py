"""Reads of the ledger: balances, statements, and an audit that believes nothing it can recompute."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.payments.ledger.columns import GENESIS, Columns, TransactionRow, batch_hash, columns, written
from yimen_host.payments.ledger.rule import Entry
from yimen_host.payments.ledger.store import ID_STEP
from yimen_sdk.money import Money

MAX_STATEMENT = 100  # lines of one page
_ENDLESS = 2**62
_LINES = """
SELECT e.account_seq, t.about, t.kind, e.amount, e.balance, a.currency, t.recorded_at
FROM journal_entry e JOIN journal_transaction t ON t.id = e.transaction_id JOIN ledger_account a ON a.id = e.account_id
WHERE e.account_id = (SELECT id FROM ledger_account WHERE code = :code) AND e.amount <> 0
    AND e.account_seq > :first AND e.account_seq <= :last
"""
"""The account is known before its lines are looked for: joined to them, it would have all read to be put in order."""
_TAKEN = """
SELECT date_trunc('minute', t.recorded_at) AS minute, -sum(e.amount)::bigint AS fen
FROM journal_entry e JOIN journal_transaction t ON t.id = e.transaction_id
WHERE e.account_id = (SELECT id FROM ledger_account WHERE code = :code) AND e.account_seq > :first AND e.amount < 0
GROUP BY 1
"""
_LAST_BEFORE = """
WITH RECURSIVE account AS (SELECT id, seq FROM ledger_account WHERE code = :code),
search(step, found) AS (
    SELECT 1::bigint << 40, 0::bigint
    UNION ALL
    SELECT step / 2, CASE WHEN found + step <= seq AND (
        SELECT t.recorded_at FROM journal_entry e JOIN journal_transaction t ON t.id = e.transaction_id
        WHERE e.account_id = account.id AND e.account_seq = found + step
    ) < :moment THEN found + step ELSE found END
    FROM search, account WHERE step > 0
)
SELECT found FROM search WHERE step = 0
"""
"""An account's lines are numbered without a gap, in the order they were booked in: halves what is left at each step."""


@dataclass(frozen=True)
class Balance:
    """What an account holds, and how much of it may be used."""

    posted: Money
    available: Money


@dataclass(frozen=True)
class StatementLine:
    """One posted line of an account's statement."""

    account_seq: int
    about: str
    kind: str
    amount: Money
    balance: Money
    at: Any  # Any: an aware datetime, as the driver gives it


async def balance(session: AsyncSession, code: str) -> Balance:
    """The balance of an account; one that was never used holds nothing."""
    row = (
        await session.execute(
            text("SELECT balance, held, currency FROM ledger_account WHERE code = :code"), {"code": code}
        )
    ).one_or_none()
    if row is None:
        return Balance(Money(0), Money(0))
    return Balance(Money(row.balance, row.currency), Money(row.balance - row.held, row.currency))


async def statement(
    session: AsyncSession, code: str, *, before: int | None = None, limit: int = MAX_STATEMENT
) -> Sequence[StatementLine]:
    """The posted lines of an account, newest first, those before a sequence number."""
    values = {"code": code, "first": 0, "last": _ENDLESS if before is None else before - 1}
    rows = await session.execute(
        text(f"{_LINES} ORDER BY e.account_seq DESC LIMIT :limit"), {**values, "limit": min(limit, MAX_STATEMENT)}
    )
    return [_statement_line(row) for row in rows]


def _statement_line(row: Any) -> StatementLine:  # Any: a row of the two queries
    amount, balance = Money(row.amount, row.currency), Money(row.balance, row.currency)
    return StatementLine(row.account_seq, row.about, row.kind, amount, balance, row.recorded_at)


async def taken_by_minute(session: AsyncSession, code: str, *, since: dt.datetime) -> dict[dt.datetime, int]:
    """How many fen left an account in each minute since a moment; minutes in which none did are left out."""
    first = await last_before(session, code, since)
    rows = await session.execute(text(_TAKEN), {"code": code, "first": first})
    return {row.minute: row.fen for row in rows}


@dataclass(frozen=True)
class Span:
    """A run of an account's lines, oldest first, and what it held before and after them."""

    opening: Money
    closing: Money
    lines: Sequence[StatementLine]


async def span(session: AsyncSession, code: str, *, begin: dt.datetime, end: dt.datetime, limit: int) -> Span | None:
    """The posted lines from the last that was booked before ``begin`` to the last before ``end``.

    None when there are more than ``limit``.
    """
    first, last = [await last_before(session, code, moment) for moment in (begin, end)]
    rows = (
        await session.execute(
            text(f"{_LINES} ORDER BY e.account_seq LIMIT :limit"),
            {"code": code, "first": first, "last": last, "limit": limit + 1},
        )
    ).all()
    if len(rows) > limit:
        return None
    opening, closing = [await _balance_after(session, code, line) for line in (first, last)]
    return Span(opening, closing, [_statement_line(row) for row in rows])


async def last_before(session: AsyncSession, code: str, moment: dt.datetime) -> int:
    """The number of an account's last line that was booked before a moment; 0 where there is none.

    Looks a few dozen lines up, however many there are, and always the same ones, so that one month's end is the next
    one's beginning even where two hosts' clocks differ.
    """
    found = await session.scalar(text(_LAST_BEFORE), {"code": code, "moment": moment})
    return int(found or 0)


async def _balance_after(session: AsyncSession, code: str, line: int) -> Money:
    row = (
        await session.execute(
            text(
                "SELECT e.balance, a.currency FROM ledger_account a JOIN journal_entry e ON e.account_id = a.id"
                " WHERE a.code = :code AND e.account_seq = :line"
            ),
            {"code": code, "line": line},
        )
    ).one_or_none()
    return Money(row.balance, row.currency) if row else Money(0)


@dataclass(frozen=True)
class OverdueHold:
    """A hold whose time is over and that nobody has ended."""

    transaction_id: int
    key: str
    about: str


async def overdue_holds(
    session: AsyncSession, *, since: dt.datetime, until: dt.datetime, limit: int
) -> Sequence[OverdueHold]:
    """The holds that ran out in a span and are still there, the longest overdue first."""
    rows = await session.execute(
        text(
            "SELECT t.id, t.key, t.about FROM journal_transaction t WHERE t.expires_at > :since"
            " AND t.expires_at <= :until AND t.kind = 'hold'"
            " AND NOT EXISTS (SELECT 1 FROM journal_transaction e WHERE e.resolves_id = t.id)"
            " ORDER BY t.expires_at LIMIT :limit"
        ),
        {"since": since, "until": until, "limit": limit},
    )
    return [OverdueHold(*row) for row in rows]


_FAULTS = {
    "a transaction does not sum to zero": (
        "SELECT e.transaction_id::text FROM journal_entry e JOIN ledger_account a ON a.id = e.account_id"
        " GROUP BY e.transaction_id, a.currency HAVING sum(e.amount) <> 0 OR sum(e.held) <> sum(e.awaited)"
    ),
    "a transaction has no entries": (
        "SELECT t.id::text FROM journal_transaction t"
        " WHERE NOT EXISTS (SELECT 1 FROM journal_entry e WHERE e.transaction_id = t.id)"
    ),
    "an entry has no transaction": (
        "SELECT e.transaction_id::text FROM journal_entry e"
        " WHERE NOT EXISTS (SELECT 1 FROM journal_transaction t WHERE t.id = e.transaction_id)"
    ),
    "an account is not the sum of its entries": (
        "SELECT a.code FROM ledger_account a LEFT JOIN journal_entry e ON e.account_id = a.id GROUP BY a.id"
        " HAVING (a.balance, a.held, a.awaited, a.seq) IS DISTINCT FROM (coalesce(sum(e.amount), 0)::bigint,"
        " coalesce(sum(e.held), 0)::bigint, coalesce(sum(e.awaited), 0)::bigint, coalesce(max(e.account_seq), 0))"
        " OR count(e.account_seq) <> a.seq"
    ),
    "an entry's balance is not the one before plus its amount": (
        "SELECT account_id || '/' || account_seq FROM (SELECT account_id, account_seq, balance,"
        " sum(amount) OVER (PARTITION BY account_id ORDER BY account_seq) AS expected FROM journal_entry) AS e"
        " WHERE balance <> expected"
    ),
    "an account is below its floor": "SELECT code FROM ledger_account WHERE balance - held < floor",
}


_BY_INDEX = (
    "SELECT set_config(name, 'off', true) FROM unnest(ARRAY['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin'])"
    " AS name"
)
"""A batch is a few rows of the journal. Without statistics, as after a restore, PostgreSQL reads all of it for each."""


async def audit(session: AsyncSession) -> list[str]:
    """Recompute every sum and every hash from the journal, and tell each fault found, at most ten of a kind.

    Where others post meanwhile the transaction has to be a REPEATABLE READ. It is of no use for other work afterwards.
    """
    faults = []
    for name, query in _FAULTS.items():
        found = await session.scalars(text(f"{query} LIMIT 10"))
        faults += [f"{name}: {what}" for what in found]
    return faults + await _broken_links(session)


async def _broken_links(session: AsyncSession) -> list[str]:
    await session.execute(text(_BY_INDEX))
    faults = []
    lanes = await session.execute(text("SELECT id, seq, hash FROM journal_lane ORDER BY id"))
    for lane, last, end in lanes.all():
        previous, expected_seq = GENESIS, 1
        links = await session.stream(
            text("SELECT seq, first_id, size, previous, hash FROM journal_batch WHERE lane = :lane ORDER BY seq"),
            {"lane": lane},
        )
        async for seq, first_id, size, linked, hash_ in links:
            found, batch = await _batch(session, first_id)
            right = (seq, linked, size, hash_) == (expected_seq, previous, found, batch and batch_hash(previous, batch))
            if not right:
                faults.append(f"the chain is broken: lane {lane} batch {seq}")
                break
            previous, expected_seq = hash_, seq + 1
        else:
            if (expected_seq - 1, previous) != (last, end):
                faults.append(f"the chain is broken: lane {lane} ends elsewhere than its last batch")
    return faults


async def _batch(session: AsyncSession, first_id: int) -> tuple[int, Columns | None]:
    """How many transactions a batch has in the journal, and the batch as it was sent."""
    found = (
        await session.execute(
            text(
                "SELECT t.id, t.key, t.kind, t.about, encode(t.fingerprint, 'hex'), t.resolves_id, t.expires_at,"
                " t.recorded_at, e.account_id, e.account_seq, e.line, e.amount, e.held, e.awaited, e.balance"
                " FROM journal_transaction t JOIN journal_entry e ON e.transaction_id = t.id"
                " WHERE t.id >= :first AND t.id < :last ORDER BY t.id, e.line"
            ),
            {"first": first_id, "last": first_id + ID_STEP},
        )
    ).all()
    moments = {row.recorded_at for row in found}
    if len(moments) != 1:
        return len({row.id for row in found}), None  # nothing there, or not of one commit
    transactions = {
        row.id: TransactionRow._make((*row[:6], None if row.expires_at is None else written(row.expires_at)))
        for row in found
    }
    entries = [(row.id, Entry(*row[8:])) for row in found]
    return len(transactions), columns(moments.pop(), transactions.values(), entries)
