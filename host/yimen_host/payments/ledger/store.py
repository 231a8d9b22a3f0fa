"""All SQL of the posting path, as set statements on psycopg's own connection: what a batch reads, what it writes.

SQLAlchemy stays out of here on purpose: per statement it costs as much as PostgreSQL does (decision 0030).
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from yimen_host.payments.chart import floor_of
from yimen_host.payments.ledger.columns import TransactionRow, array, batch_hash, columns, written
from yimen_host.payments.ledger.draft import Draft, Kind, Leg
from yimen_host.payments.ledger.models import LANES
from yimen_host.payments.ledger.rule import Accepted, Account, Books, Original
from yimen_sdk.money import Money

ID_STEP = 1024  # ids that belong to one batch; at least MAX_BATCH

Raw = AsyncConnection[Any]  # Any: rows are of many shapes


class Name(NamedTuple):
    """What of an account never changes."""

    id: int
    code: str
    currency: str


@dataclass(frozen=True, slots=True)
class Lane:
    """The end of the chain that this batch goes on from."""

    id: int
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Opening:
    """What was read and locked for a batch."""

    lane: Lane
    books: Books


async def names(raw: Raw, codes: Iterable[str]) -> dict[str, Name]:
    """Find those accounts with these codes that there are."""
    async with raw.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_NAMES, (array(codes),), prepare=True)
        return {row[1]: Name(*row) for row in await cursor.fetchall()}


async def open_accounts(raw: Raw, currencies: Mapping[str, str]) -> None:
    """Open accounts with these codes in the currencies given, unless somebody else has in the meantime."""
    codes = sorted(currencies)  # in order, so that two processes that open the same accounts do not wait in a ring
    await raw.execute(
        "INSERT INTO ledger_account (code, currency, floor) "
        "SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[]) ON CONFLICT (code) DO NOTHING",
        (codes, [currencies[code] for code in codes], [floor_of(code) for code in codes]),
    )


async def originals(raw: Raw, keys: Iterable[str]) -> dict[str, Original]:
    """Read the holds and postings with these keys. They cannot change, so this needs no lock."""
    rows = await _all(
        raw,
        "SELECT t.key, t.id, t.kind, t.expires_at, a.code, e.amount + e.awaited - e.held, a.currency"
        " FROM journal_transaction t JOIN journal_entry e ON e.transaction_id = t.id"
        " JOIN ledger_account a ON a.id = e.account_id WHERE t.key = ANY(%s::text[]) ORDER BY t.id, e.line",
        (list(keys),),
    )
    found: dict[str, Original] = {}
    for key, number, kind, expires_at, code, fen, currency in rows:
        legs = found[key].legs if key in found else ()
        found[key] = Original(number, Kind(kind), (*legs, Leg(code, Money(fen, currency))), expires_at)
    return found


async def open_batch(
    raw: Raw,
    *,
    accounts: Mapping[int, Name],
    keys: Iterable[str],
    originals: Mapping[str, Original],
    now: dt.datetime,
) -> Opening:
    """Lock the accounts in order of id, then read whatever else judging needs. One trip to the server."""
    states, known, ended, lane = (raw.cursor(row_factory=tuple_row) for _ in range(4))
    async with raw.pipeline():
        await states.execute(_LOCK_ACCOUNTS, (array(accounts),), prepare=True)
        # Only now, with the locks held, is it sure that nobody else is about to write these keys.
        await known.execute(_KNOWN_KEYS, (array(keys),), prepare=True)
        await lane.execute(_FREE_LANE, prepare=True)
        if originals:
            await ended.execute(_RESOLVED, (array(original.id for original in originals.values()),))
    # More batches than lanes at one moment: wait for the first lane.
    row = await lane.fetchone() or (await _all(raw, _FIRST_LANE, ()))[0]
    resolved = {number for (number,) in await ended.fetchall()} if originals else set()
    found = Lane(*row)
    books = Books(
        now=now,
        first_id=((found.seq + 1) * LANES + found.id) * ID_STEP,
        accounts={
            (name := accounts[number]).code: Account(number, name.code, name.currency, floor, *state)
            for number, floor, *state in await states.fetchall()
        },
        known={key: (number, fingerprint) for key, number, fingerprint in await known.fetchall()},
        originals={
            key: Original(o.id, o.kind, o.legs, o.expires_at, resolved=o.id in resolved) for key, o in originals.items()
        },
    )
    return Opening(found, books)


async def write_batch(raw: Raw, opening: Opening) -> None:
    """Write what the books took in: transactions, entries, balances, and the link of the chain. One statement."""
    lane, taken, books = opening.lane, opening.books.taken, opening.books
    batch = columns(
        books.now,
        [_row(number, accepted) for number, accepted in taken],
        [(number, entry) for number, accepted in taken for entry in accepted.entries],
    )
    last = {account.id: account for _, accepted in taken for account in accepted.after}
    states = zip(*[(a.id, a.balance, a.held, a.awaited, a.seq) for a in last.values()], strict=True)
    end = batch_hash(lane.hash, batch)
    await raw.execute(
        _WRITE,
        {
            "now": batch.recorded_at,
            **_named("t", batch.transactions),
            **_named("e", batch.entries),
            **_named("a", map(array, states)),
            "lane": lane.id,
            "seq": lane.seq + 1,
            "first_id": books.first_id,
            "size": len(taken),
            "previous": lane.hash,
            "hash": end,
        },
        prepare=True,
    )


_NAMES = "SELECT id, code, currency FROM ledger_account WHERE code = ANY(%s::text[])"
_LOCK_ACCOUNTS = (
    "SELECT id, floor, balance, held, awaited, seq FROM ledger_account"
    " WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE"
)
_KNOWN_KEYS = "SELECT key, id, encode(fingerprint, 'hex') FROM journal_transaction WHERE key = ANY(%s::text[])"
_FREE_LANE = "SELECT id, seq, hash FROM journal_lane ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"
_FIRST_LANE = "SELECT id, seq, hash FROM journal_lane WHERE id = 0 FOR NO KEY UPDATE"
_RESOLVED = "SELECT resolves_id FROM journal_transaction WHERE resolves_id = ANY(%s::bigint[])"
_WRITE = """
WITH transactions AS (
  INSERT INTO journal_transaction (id, key, kind, about, fingerprint, resolves_id, expires_at, recorded_at)
  SELECT t.id, t.key, t.kind, t.about, decode(t.fingerprint, 'hex'), t.resolves_id, t.expires_at, %(now)s::timestamptz
  FROM unnest(%(t0)s::bigint[], %(t1)s::text[], %(t2)s::text[], %(t3)s::text[], %(t4)s::text[], %(t5)s::bigint[],
              %(t6)s::timestamptz[]) AS t(id, key, kind, about, fingerprint, resolves_id, expires_at)
), entries AS (
  INSERT INTO journal_entry (transaction_id, account_id, account_seq, line, amount, held, awaited, balance)
  SELECT * FROM unnest(%(e0)s::bigint[], %(e1)s::bigint[], %(e2)s::bigint[], %(e3)s::smallint[], %(e4)s::bigint[],
                       %(e5)s::bigint[], %(e6)s::bigint[], %(e7)s::bigint[])
), accounts AS (
  UPDATE ledger_account AS a SET balance = v.balance, held = v.held, awaited = v.awaited, seq = v.seq
  FROM unnest(%(a0)s::bigint[], %(a1)s::bigint[], %(a2)s::bigint[], %(a3)s::bigint[], %(a4)s::bigint[])
    AS v(id, balance, held, awaited, seq)
  WHERE a.id = v.id
), link AS (
  INSERT INTO journal_batch (lane, seq, first_id, size, previous, hash)
  VALUES (%(lane)s, %(seq)s, %(first_id)s, %(size)s, %(previous)s, %(hash)s)
)
UPDATE journal_lane SET seq = %(seq)s, hash = %(hash)s WHERE id = %(lane)s
"""


def _row(number: int, accepted: Accepted) -> TransactionRow:
    draft: Draft = accepted.draft
    expires_at = None if draft.expires_at is None else written(draft.expires_at)
    return TransactionRow(
        number, draft.key, draft.kind.value, draft.about, accepted.fingerprint, accepted.resolves_id, expires_at
    )


def _named(prefix: str, arrays: Iterable[str]) -> dict[str, str]:
    return {f"{prefix}{number}": text for number, text in enumerate(arrays)}


async def _all(raw: Raw, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:  # Any: columns differ
    async with raw.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchall()
