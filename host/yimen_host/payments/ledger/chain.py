"""The hash chain of the journal: each batch's hash covers the one before it and every row that it wrote."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from yimen_host.payments.ledger.rule import Entry

GENESIS = bytes(32)

# (id, key, kind, about, fingerprint, resolved transaction)
TransactionRow = tuple[int, str, str, str, str, int | None]


def batch_hash(previous: bytes, rows: Iterable[tuple[TransactionRow, Sequence[Entry]]]) -> bytes:
    """Hash a batch: its transactions in order of id, each with its entries in order of line."""
    text = "\n".join(
        "|".join((*map(str, transaction), *(",".join(map(str, entry)) for entry in entries)))
        for transaction, entries in rows
    )
    return sha256(previous + text.encode()).digest()
