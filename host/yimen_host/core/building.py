"""Indexes of tables that may be very large, built and dropped while the host goes on working: for migrations only.

An index that is built the ordinary way forbids every write to its table for as long as that takes.
"""

from alembic import op


def build(name: str, on: str, *, where: str | None = None) -> None:
    """Build an index, such as ``build("ix_bill_due", "bill (due_at)", where="paid_at IS NULL")``.

    What an earlier try left when it broke off is dropped first. Outside a transaction, so a migration that does this
    may be cut short between two steps: each has to be one that can be taken again.
    """
    drop(name)
    with op.get_context().autocommit_block():
        op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {on}" + (f" WHERE {where}" if where else ""))


def drop(name: str) -> None:
    """Drop an index, if it is there."""
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
