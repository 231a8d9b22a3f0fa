"""Coupons: what partial refunds return waits for the coupon until the order is refunded whole or its time is over."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("coupon_share", sa.Column("kept_fen", sa.BigInteger(), server_default="0", nullable=False))
    op.create_check_constraint("kept", "coupon_share", "0 <= kept_fen AND kept_fen <= returned_fen")
    op.create_index("ix_coupon_share_kept", "coupon_share", ["campaign_id"], postgresql_where=sa.text("kept_fen > 0"))


def downgrade() -> None:
    op.drop_index("ix_coupon_share_kept", table_name="coupon_share")
    op.drop_constraint("kept", "coupon_share")
    op.drop_column("coupon_share", "kept_fen")
