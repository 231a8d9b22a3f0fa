"""Payments: sub-merchants of a mini-app, orders that are split among them, and what refunds take back from each."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    for name in ("id", "code"):
        op.add_column("merchant", sa.Column(name, sa.String(), nullable=True))
    op.execute("UPDATE merchant SET id = app_id, code = 'self'")
    for name in ("id", "code"):
        op.alter_column("merchant", name, nullable=False)
    op.add_column("merchant", sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE merchant SET approved_at = changed_at WHERE state = 'approved'")
    op.drop_constraint("pk_merchant", "merchant")
    op.create_primary_key("pk_merchant", "merchant", ["id"])
    op.create_check_constraint(
        op.f("ck_merchant_id"), "merchant", "id = app_id || CASE code WHEN 'self' THEN '' ELSE '_' || code END"
    )
    op.create_index("ix_merchant_app_id", "merchant", ["app_id"])
    op.alter_column("settlement_batch", "app_id", new_column_name="merchant_id")
    op.add_column("payment_order", sa.Column("split", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_table(
        "payment_order_part",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("reserved_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("fen > 0", name=op.f("ck_payment_order_part_amount")),
        sa.CheckConstraint("0 <= reserved_fen AND reserved_fen <= fen", name=op.f("ck_payment_order_part_reserved")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["payment_order.id"], name=op.f("fk_payment_order_part_order_id_payment_order")
        ),
        sa.PrimaryKeyConstraint("order_id", "merchant_id", name=op.f("pk_payment_order_part")),
    )
    op.create_table(
        "payment_refund_part",
        sa.Column("refund_id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("fen > 0", name=op.f("ck_payment_refund_part_amount")),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["payment_refund.id"], name=op.f("fk_payment_refund_part_refund_id_payment_refund")
        ),
        sa.ForeignKeyConstraint(
            ["order_id", "merchant_id"],
            ["payment_order_part.order_id", "payment_order_part.merchant_id"],
            name=op.f("fk_payment_refund_part_order_id_payment_order_part"),
        ),
        sa.PrimaryKeyConstraint("refund_id", "merchant_id", name=op.f("pk_payment_refund_part")),
    )
    role = op.get_bind().exec_driver_sql("SELECT current_user || '_host'").scalar_one()
    op.execute(f'REVOKE UPDATE, DELETE, TRUNCATE ON payment_order_part, payment_refund_part FROM "{role}"')
    op.execute(f'GRANT UPDATE (reserved_fen) ON payment_order_part TO "{role}"')


def downgrade() -> None:
    op.drop_table("payment_refund_part")
    op.drop_table("payment_order_part")
    op.drop_column("payment_order", "split")
    op.alter_column("settlement_batch", "merchant_id", new_column_name="app_id")
    op.execute("DELETE FROM merchant WHERE code <> 'self'")
    op.drop_constraint("ck_merchant_id", "merchant")
    op.drop_constraint("pk_merchant", "merchant")
    op.create_primary_key("pk_merchant", "merchant", ["app_id"])
    op.drop_index("ix_merchant_app_id", "merchant")
    for name in ("id", "code", "approved_at"):
        op.drop_column("merchant", name)
