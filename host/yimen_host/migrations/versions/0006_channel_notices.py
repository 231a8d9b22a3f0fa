"""Notices of channels are remembered by each sending; attempts keep what is to be scanned."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # What was heard before this counts as acted on, under its notice's id.
    op.add_column("payment_attempt", sa.Column("scan", sa.String(), nullable=True))
    op.add_column("payment_channel_notice", sa.Column("nonce", sa.String(), nullable=True))
    op.add_column("payment_channel_notice", sa.Column("acted_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE payment_channel_notice SET nonce = notice_id, acted_at = heard_at")
    op.drop_constraint("pk_payment_channel_notice", "payment_channel_notice", type_="primary")
    op.alter_column("payment_channel_notice", "nonce", nullable=False)
    op.create_primary_key("pk_payment_channel_notice", "payment_channel_notice", ["channel", "nonce"])


def downgrade() -> None:
    op.execute(
        "DELETE FROM payment_channel_notice a USING payment_channel_notice b "
        "WHERE a.channel = b.channel AND a.notice_id = b.notice_id AND a.nonce > b.nonce"
    )
    op.drop_constraint("pk_payment_channel_notice", "payment_channel_notice", type_="primary")
    op.create_primary_key("pk_payment_channel_notice", "payment_channel_notice", ["channel", "notice_id"])
    op.drop_column("payment_channel_notice", "acted_at")
    op.drop_column("payment_channel_notice", "nonce")
    op.drop_column("payment_attempt", "scan")
