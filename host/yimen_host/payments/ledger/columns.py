"""A batch as columns of text: exactly what is sent to PostgreSQL, and exactly what the chain's hash covers."""

import datetime as dt
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

from yimen_host.payments.ledger.rule import Entry

GENESIS = bytes(32)
"""What a chain goes on from at its beginning."""


class TransactionRow(NamedTuple):
    """A row of ``journal_transaction``, but for the moment, which its whole batch shares."""

    id: int
    key: str
    kind: str
    about: str
    fingerprint: str
    resolves_id: int | None
    expires_at: str | None


class Columns(NamedTuple):
    """The rows of a batch, turned: an array literal for each column."""

    recorded_at: str
    transactions: tuple[str, ...]
    entries: tuple[str, ...]


def columns(
    recorded_at: dt.datetime, transactions: Iterable[TransactionRow], entries: Sequence[tuple[int, Entry]]
) -> Columns:
    """Turn rows into columns: transactions in order of id, and entries, each with its transaction, in order of line."""
    ids, keys, kinds, abouts, fingerprints, resolved, expiries = zip(*transactions, strict=True)
    return Columns(
        written(recorded_at),
        (numbers(ids), *map(words, (keys, kinds, abouts, fingerprints)), sparse(resolved), sparse(expiries)),
        (numbers([number for number, _ in entries]), *map(numbers, zip(*[entry for _, entry in entries], strict=True))),
    )


def batch_hash(previous: bytes, batch: Columns) -> bytes:
    """Hash a batch onto the hash of the one before it."""
    text = "\n".join((batch.recorded_at, *batch.transactions, *batch.entries))
    return sha256(previous + text.encode()).digest()


def written(moment: dt.datetime) -> str:
    """A moment as text that PostgreSQL reads and that needs no quoting."""
    return moment.astimezone(dt.UTC).isoformat()


def numbers(values: Iterable[int]) -> str:
    """Write an array literal of whole numbers. Python's own list is one but for the brackets."""
    return "{" + repr(list(values))[1:-1] + "}"


def words(values: Iterable[str]) -> str:
    """Write an array literal of words whose alphabet needs no quoting."""
    return "{" + ",".join(values) + "}"


def sparse(values: Iterable[object]) -> str:
    """Write an array literal of values that may be None."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"
