"""Payments: what the sweep looks for is found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_index(
        "ix_journal_transaction_expiring",
        "journal_transaction",
        ["expires_at"],
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_index(
        "ix_payment_order_closing", "payment_order", ["ended_at"], postgresql_where=sa.text("state = 'fulfilled'")
    )


def downgrade() -> None:
    op.drop_index("ix_payment_order_closing", table_name="payment_order")
    op.drop_index("ix_journal_transaction_expiring", table_name="journal_transaction")
