"""Payments: a mini-app's orders are listed in the order they were opened in, by an index."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_index("ix_payment_order_of_app", "payment_order", ["app_id", "created_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_payment_order_of_app", table_name="payment_order")
