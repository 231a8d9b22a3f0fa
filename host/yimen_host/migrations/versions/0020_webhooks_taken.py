"""Webhooks: deliveries that were taken long ago are found, to be forgotten, by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_index(
        "ix_webhook_delivery_taken", "webhook_delivery", ["last_at"], postgresql_where=sa.text("state = 'delivered'")
    )


def downgrade() -> None:
    op.drop_index("ix_webhook_delivery_taken", table_name="webhook_delivery")
