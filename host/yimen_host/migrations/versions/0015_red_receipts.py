"""Payments: a refund that succeeded gets a red receipt, of the same row of numbers as receipts."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "payment_red_receipt",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("refund_id", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["payment_refund.id"], name=op.f("fk_payment_red_receipt_refund_id_payment_refund")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_payment_red_receipt")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_payment_red_receipt_refund_id")),
    )


def downgrade() -> None:
    op.drop_table("payment_red_receipt")
