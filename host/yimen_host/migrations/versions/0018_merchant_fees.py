"""Payments: a merchant's fees, for all channels or one, each from a day on. The one rate until now counts always."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "merchant_fee",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("fee_bp", sa.Integer(), nullable=False),
        sa.Column("least_fen", sa.BigInteger(), nullable=False),
        sa.Column("most_fen", sa.BigInteger(), nullable=True),
        sa.Column("agreed_by", sa.String(), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("fee_bp BETWEEN 0 AND 2000", name=op.f("ck_merchant_fee_rate")),
        sa.CheckConstraint(
            "least_fen >= 0 AND (most_fen IS NULL OR most_fen >= least_fen)", name=op.f("ck_merchant_fee_bounds")
        ),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], name=op.f("fk_merchant_fee_merchant_id_merchant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merchant_fee")),
    )
    op.create_index("ix_merchant_fee_merchant_id", "merchant_fee", ["merchant_id"])
    op.execute(
        "INSERT INTO merchant_fee (merchant_id, channel, from_day, fee_bp, least_fen, agreed_by, agreed_at)"
        " SELECT id, '', '2000-01-01', fee_bp, 0, reviewer, changed_at FROM merchant WHERE approved_at IS NOT NULL"
    )
    op.drop_constraint("ck_merchant_rates", "merchant")
    op.drop_column("merchant", "fee_bp")
    op.create_check_constraint(op.f("ck_merchant_rates"), "merchant", "reserve_bp BETWEEN 0 AND 5000")
    role = op.get_bind().exec_driver_sql("SELECT current_user || '_host'").scalar_one()
    op.execute(f'REVOKE UPDATE, DELETE, TRUNCATE ON merchant_fee FROM "{role}"')


def downgrade() -> None:
    op.add_column("merchant", sa.Column("fee_bp", sa.Integer(), server_default="0", nullable=False))
    op.execute(
        "UPDATE merchant m SET fee_bp = f.fee_bp FROM (SELECT DISTINCT ON (merchant_id) merchant_id, fee_bp"
        " FROM merchant_fee WHERE channel = '' ORDER BY merchant_id, from_day DESC, id DESC) f"
        " WHERE f.merchant_id = m.id"
    )
    op.alter_column("merchant", "fee_bp", server_default=None)
    op.drop_constraint("ck_merchant_rates", "merchant")
    op.create_check_constraint(
        op.f("ck_merchant_rates"), "merchant", "fee_bp BETWEEN 0 AND 2000 AND reserve_bp BETWEEN 0 AND 5000"
    )
    op.drop_table("merchant_fee")
