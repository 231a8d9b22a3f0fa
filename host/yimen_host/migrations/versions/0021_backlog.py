"""What waits is counted at every scrape: webhooks not taken yet, and refunds that may need a person, by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_index(
        "ix_webhook_delivery_pending", "webhook_delivery", ["id"], postgresql_where=sa.text("state = 'pending'")
    )
    op.create_index(
        "ix_payment_refund_stuck",
        "payment_refund",
        ["id"],
        postgresql_where=sa.text("state IN ('needs_action', 'failed')"),
    )


def downgrade() -> None:
    op.drop_index("ix_payment_refund_stuck", table_name="payment_refund")
    op.drop_index("ix_webhook_delivery_pending", table_name="webhook_delivery")
