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
from yimen_host.payments.ledger.columns import TransactionRow, batch_hash, columns, numbers, words, written
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
    """What was read and locked for a batch, and the rows of the statement that came with it."""

    lane: Lane
    books: Books
    rows: list[tuple[Any, ...]]  # Any: columns differ


async def prepare(raw: Raw, *, also: str = "") -> None:
    """Make a fresh connection ready. It is in autocommit mode: a batch's transaction is in what it sends.

    Statements are planned once, perhaps while the journal is nearly empty: a plan that reads a whole table would then
    stay while the table grows, so there is to be none.
    """
    await raw.set_autocommit(True)
    raw.prepare_threshold = None  # else a rollback makes the driver drop all prepared statements, ours too
    await raw.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan;" + _PREPARE + also)


async def names(raw: Raw, codes: Iterable[str]) -> dict[str, Name]:
    """Find those accounts with these codes that there are."""
    (found,) = await _send(raw, f"EXECUTE ledger_names('{words(codes)}')")
    return {row[1]: Name(*row) for row in found}


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
    then: str = "",
) -> Opening:
    """Lock the accounts in order of id, then read whatever else judging needs. One trip to the server.

    ``then`` is a statement that goes with it in the same message, after the locks; its rows are kept.
    """
    # Only with the accounts locked is it sure that nobody else is about to write these keys.
    states, known, lane, ended, *rows = await _send(
        raw,
        f"BEGIN; EXECUTE ledger_lock('{numbers(accounts)}'); EXECUTE ledger_known('{words(keys)}');"
        f" EXECUTE ledger_lane; EXECUTE ledger_resolved('{numbers(original.id for original in originals.values())}');"
        + then,
    )
    if not lane:  # more batches than lanes at one moment: wait for the first lane
        (lane,) = await _send(raw, "EXECUTE ledger_first_lane")
    (row,) = lane
    resolved = {number for (number,) in ended}
    found = Lane(*row)
    books = Books(
        now=now,
        first_id=((found.seq + 1) * LANES + found.id) * ID_STEP,
        accounts={
            (name := accounts[number]).code: Account(number, name.code, name.currency, floor, *state)
            for number, floor, *state in states
        },
        known={key: (number, fingerprint) for key, number, fingerprint in known},
        originals={
            key: Original(o.id, o.kind, o.legs, o.expires_at, resolved=o.id in resolved) for key, o in originals.items()
        },
    )
    return Opening(found, books, rows[0] if rows else [])


async def write_batch(raw: Raw, opening: Opening, *, then: str = "") -> None:
    """Write what the books took in: transactions, entries, balances, and the link of the chain. One statement.

    ``then`` goes with it in the same message.
    """
    lane, taken, books = opening.lane, opening.books.taken, opening.books
    batch = columns(
        books.now,
        [_row(number, accepted) for number, accepted in taken],
        [(number, entry) for number, accepted in taken for entry in accepted.entries],
    )
    last = {account.id: account for _, accepted in taken for account in accepted.after}
    states = zip(*[(a.id, a.balance, a.held, a.awaited, a.seq) for a in last.values()], strict=True)
    end = batch_hash(lane.hash, batch)
    link = (lane.id, lane.seq + 1, books.first_id, len(taken), f"\\x{lane.hash.hex()}", f"\\x{end.hex()}")
    values = (batch.recorded_at, *batch.transactions, *batch.entries, *map(numbers, states), *map(str, link))
    quoted = "','".join(values)
    await _send(raw, f"EXECUTE ledger_write('{quoted}'){then}")


_PREPARE = """
PREPARE ledger_names (text[]) AS SELECT id, code, currency FROM ledger_account WHERE code = ANY($1);
PREPARE ledger_lock (bigint[]) AS
  SELECT id, floor, balance, held, awaited, seq FROM ledger_account WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE;
PREPARE ledger_known (text[]) AS
  SELECT key, id, encode(fingerprint, 'hex') FROM journal_transaction WHERE key = ANY($1);
PREPARE ledger_resolved (bigint[]) AS SELECT resolves_id FROM journal_transaction WHERE resolves_id = ANY($1);
PREPARE ledger_lane AS SELECT id, seq, hash FROM journal_lane ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
PREPARE ledger_first_lane AS SELECT id, seq, hash FROM journal_lane WHERE id = 0 FOR NO KEY UPDATE;
PREPARE ledger_write (
  timestamptz,
  bigint[], text[], text[], text[], text[], bigint[], timestamptz[],
  bigint[], bigint[], bigint[], smallint[], bigint[], bigint[], bigint[], bigint[],
  bigint[], bigint[], bigint[], bigint[], bigint[],
  smallint, bigint, bigint, smallint, bytea, bytea
) AS
WITH transactions AS (
  INSERT INTO journal_transaction (id, key, kind, about, fingerprint, resolves_id, expires_at, recorded_at)
  SELECT t.id, t.key, t.kind, t.about, decode(t.fingerprint, 'hex'), t.resolves_id, t.expires_at, $1
  FROM unnest($2, $3, $4, $5, $6, $7, $8) AS t(id, key, kind, about, fingerprint, resolves_id, expires_at)
), entries AS (
  INSERT INTO journal_entry (transaction_id, account_id, account_seq, line, amount, held, awaited, balance)
  SELECT * FROM unnest($9, $10, $11, $12, $13, $14, $15, $16)
), accounts AS (
  UPDATE ledger_account AS a SET balance = v.balance, held = v.held, awaited = v.awaited, seq = v.seq
  FROM unnest($17, $18, $19, $20, $21) AS v(id, balance, held, awaited, seq) WHERE a.id = v.id
), link AS (
  INSERT INTO journal_batch (lane, seq, first_id, size, previous, hash) VALUES ($22, $23, $24, $25, $26, $27)
)
UPDATE journal_lane SET seq = $23, hash = $27 WHERE id = $22;
"""


def _row(number: int, accepted: Accepted) -> TransactionRow:
    draft: Draft = accepted.draft
    expires_at = None if draft.expires_at is None else written(draft.expires_at)
    return TransactionRow(
        number, draft.key, draft.kind.value, draft.about, accepted.fingerprint, accepted.resolves_id, expires_at
    )


async def _send(raw: Raw, text: str) -> list[list[tuple[Any, ...]]]:  # Any: columns differ
    """Send several statements in one message, and read the rows of those that have some.

    One message is worth it: the driver's own pipeline costs a millisecond a batch. The values are written into the
    text; they are numbers, times and words of an alphabet without quotes or backslashes: see ``draft``, ``columns``.
    """
    async with raw.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(text.encode())
        results = []
        more: bool | None = True
        while more:
            if cursor.description is not None:
                results.append(await cursor.fetchall())
            more = cursor.nextset()
        return results


async def _all(raw: Raw, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:  # Any: columns differ
    async with raw.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchall()
