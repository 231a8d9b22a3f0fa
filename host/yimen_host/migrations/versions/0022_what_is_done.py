"""Payments: what is long done is read by no sweep. Each step can be taken again: see ``core.building``."""

import sqlalchemy as sa
from alembic import op

from yimen_host.core.building import build, drop

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    build("ix_payment_attempt_late", "payment_attempt (order_id)", where="state = 'late'")
    build("ix_payment_refund_declined", "payment_refund (ended_at)", where="state = 'failed' AND NOT late")
    build("ix_payment_channel_notice_acted", "payment_channel_notice (acted_at)", where="acted_at IS NOT NULL")
    build("ix_settlement_batch_kept", "settlement_batch (merchant_id, reserve_until)", where="released_by IS NULL")
    build("ix_payment_refund_stuck", "payment_refund (id)", where="state = 'needs_action'")
    drop("ix_payment_attempt_order_id")  # its unique key begins with the same column
    _owe_receipts()
    _owe_fees()


def _owe_receipts() -> None:
    """From now on it is written down which receipt is owed. Looked for once: those that a crash has left without."""
    op.create_table(
        "payment_owed_receipt",
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("red", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("about", name="pk_payment_owed_receipt"),
    )
    op.execute(
        "INSERT INTO payment_owed_receipt (about, red) SELECT id, false FROM payment_order o"
        " WHERE state IN ('paid', 'fulfilled', 'partially_refunded', 'refunded', 'closed')"
        " AND NOT EXISTS (SELECT 1 FROM payment_receipt r WHERE r.order_id = o.id)"
        " UNION ALL SELECT id, true FROM payment_refund b WHERE state = 'succeeded' AND NOT late"
        " AND NOT EXISTS (SELECT 1 FROM payment_red_receipt r WHERE r.refund_id = b.id)"
    )


def _owe_fees() -> None:
    """The same of what channels keep: a row a day and channel, so these are no large tables."""
    op.add_column(
        "reconciliation_run", sa.Column("fees_due", sa.Boolean(), nullable=False, server_default=sa.text("true"))
    )
    op.execute(
        "UPDATE reconciliation_run r SET fees_due = false FROM reconciliation_booked_fee b"
        " WHERE b.source = r.source AND b.day = r.day AND b.fen = r.fees_fen"
    )
    op.create_index("ix_reconciliation_run_fees", "reconciliation_run", ["day"], postgresql_where=sa.text("fees_due"))
    op.create_index("ix_reconciliation_run_day", "reconciliation_run", ["day"])


def downgrade() -> None:
    op.drop_index("ix_reconciliation_run_day", table_name="reconciliation_run")
    op.drop_index("ix_reconciliation_run_fees", table_name="reconciliation_run")
    op.drop_column("reconciliation_run", "fees_due")
    op.drop_table("payment_owed_receipt")
    op.create_index("ix_payment_attempt_order_id", "payment_attempt", ["order_id"])
    op.drop_index("ix_payment_refund_stuck", table_name="payment_refund")
    op.create_index(
        "ix_payment_refund_stuck",
        "payment_refund",
        ["id"],
        postgresql_where=sa.text("state IN ('needs_action', 'failed')"),
    )
    op.drop_index("ix_settlement_batch_kept", table_name="settlement_batch")
    op.drop_index("ix_payment_channel_notice_acted", table_name="payment_channel_notice")
    op.drop_index("ix_payment_refund_declined", table_name="payment_refund")
    op.drop_index("ix_payment_attempt_late", table_name="payment_attempt")
