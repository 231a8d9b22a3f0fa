"""All SQL of the posting path, as set statements on psycopg's own connection: what a batch reads, what it writes.

SQLAlchemy stays out of here on purpose: per statement it costs as much as PostgreSQL does (decision 0030).
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from yimen_host.payments.chart import floor_of
from yimen_host.payments.ledger.chain import TransactionRow, batch_hash
from yimen_host.payments.ledger.draft import Draft, Kind, Leg
from yimen_host.payments.ledger.models import LANES
from yimen_host.payments.ledger.rule import Accepted, Account, Books, Entry, Original
from yimen_sdk.money import Money

MAX_BATCH = 512
"""Transactions of one commit; past a few hundred a batch gains nothing more and makes everyone in it wait."""
ID_STEP = 1024  # ids that belong to one batch; at least MAX_BATCH

Raw = AsyncConnection[Any]  # Any: rows are of many shapes


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


async def account_ids(raw: Raw, currencies: Mapping[str, str]) -> dict[str, int]:
    """Find the accounts with these codes, opening those that are missing in the currency given."""
    codes = sorted(currencies)  # in order, so that two processes that open the same accounts do not wait in a ring
    await raw.execute(
        "INSERT INTO ledger_account (code, currency, floor) "
        "SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[]) ON CONFLICT (code) DO NOTHING",
        (codes, [currencies[code] for code in codes], [floor_of(code) for code in codes]),
    )
    found = await _all(raw, "SELECT code, id FROM ledger_account WHERE code = ANY(%s::text[])", (codes,))
    return dict(found)


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
    ids: Iterable[int],
    keys: Iterable[str],
    originals: Mapping[str, Original],
    now: dt.datetime,
) -> Opening:
    """Lock the accounts in order of id, then read whatever else judging needs. One trip to the server."""
    async with raw.pipeline():
        accounts, known, resolved, lane = (raw.cursor(row_factory=tuple_row) for _ in range(4))
        await accounts.execute(
            "SELECT id, code, currency, floor, balance, held, awaited, seq FROM ledger_account"
            " WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE",
            (_array(ids),),
            prepare=True,
        )
        # Only now, with the locks held, is it sure that nobody else is about to write these keys.
        await known.execute(
            "SELECT key, id, encode(fingerprint, 'hex') FROM journal_transaction WHERE key = ANY(%s::text[])",
            (_array(keys),),
            prepare=True,
        )
        await lane.execute(
            "SELECT id, seq, hash FROM journal_lane ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED", prepare=True
        )
        if originals:
            await resolved.execute(
                "SELECT resolves_id FROM journal_transaction WHERE resolves_id = ANY(%s::bigint[])",
                (_array(original.id for original in originals.values()),),
            )
        books = Books(
            now=now,
            first_id=0,
            accounts={row[1]: Account._make(row) for row in await accounts.fetchall()},
            known={key: (number, fingerprint) for key, number, fingerprint in await known.fetchall()},
        )
        row = await lane.fetchone()
        ended = {number for (number,) in await resolved.fetchall()} if originals else set()
    # More batches than lanes at one moment: wait for the first lane.
    row = row or (await _all(raw, "SELECT id, seq, hash FROM journal_lane WHERE id = 0 FOR NO KEY UPDATE", ()))[0]
    found = Lane(*row)
    books.first_id = ((found.seq + 1) * LANES + found.id) * ID_STEP
    books.originals = {
        key: Original(o.id, o.kind, o.legs, o.expires_at, resolved=o.id in ended) for key, o in originals.items()
    }
    return Opening(found, books)


async def write_batch(raw: Raw, opening: Opening) -> None:
    """Write what the books took in: transactions, entries, balances, and the link of the chain. One trip."""
    lane, taken = opening.lane, opening.books.taken
    rows = [(_row(number, accepted), accepted.entries) for number, accepted in taken]
    entries = [(number, entry) for number, accepted in taken for entry in accepted.entries]
    last = {account.id: account for _, accepted in taken for account in accepted.after}
    now = opening.books.now
    async with raw.pipeline():
        await raw.execute(
            _INSERT_TRANSACTIONS,
            (now, *_columns([row for row, _ in rows], 6), _array(_when(a.draft.expires_at) for _, a in taken)),
            prepare=True,
        )
        await raw.execute(
            _INSERT_ENTRIES,
            (_array(number for number, _ in entries), *_columns([entry for _, entry in entries], 7)),
            prepare=True,
        )
        await raw.execute(
            _UPDATE_ACCOUNTS,
            _columns([(a.id, a.balance, a.held, a.awaited, a.seq) for a in last.values()], 5),
            prepare=True,
        )
        link = (lane.id, lane.seq + 1, opening.books.first_id, len(taken), lane.hash, batch_hash(lane.hash, rows))
        await raw.execute(_INSERT_LINK, link, prepare=True)
        await raw.execute(
            "UPDATE journal_lane SET seq = %s, hash = %s WHERE id = %s", (link[1], link[5], lane.id), prepare=True
        )


_INSERT_TRANSACTIONS = (
    "INSERT INTO journal_transaction (id, key, kind, about, fingerprint, resolves_id, expires_at, recorded_at)"
    " SELECT t.id, t.key, t.kind, t.about, decode(t.fingerprint, 'hex'), t.resolves_id, t.expires_at, %s"
    " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::timestamptz[])"
    " AS t(id, key, kind, about, fingerprint, resolves_id, expires_at)"
)
_INSERT_ENTRIES = (
    "INSERT INTO journal_entry (transaction_id, account_id, account_seq, line, amount, held, awaited, balance)"
    " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::smallint[],"
    " %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])"
)
_UPDATE_ACCOUNTS = (
    "UPDATE ledger_account AS a SET balance = v.balance, held = v.held, awaited = v.awaited, seq = v.seq"
    " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])"
    " AS v(id, balance, held, awaited, seq) WHERE a.id = v.id"
)
_INSERT_LINK = "INSERT INTO journal_batch (lane, seq, first_id, size, previous, hash) VALUES (%s, %s, %s, %s, %s, %s)"


def _row(number: int, accepted: Accepted) -> TransactionRow:
    draft: Draft = accepted.draft
    return (number, draft.key, draft.kind.value, draft.about, accepted.fingerprint, accepted.resolves_id)


def _when(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()  # no blank inside, so no quoting


def _columns(rows: Sequence[tuple[object, ...] | Entry], width: int) -> tuple[str, ...]:
    return tuple(map(_array, zip(*rows, strict=True))) if rows else ("{}",) * width


def _array(values: Iterable[object]) -> str:
    """Write an array literal. What goes in is numbers, None, times, and keys whose alphabet needs no quoting."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


async def _all(raw: Raw, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:  # Any: columns differ
    async with raw.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchall()
