"""Payments: what channels keep for their service, found by reconciliation and booked in the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column(
        "reconciliation_run", sa.Column("fees_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.create_table(
        "reconciliation_booked_fee",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("postings", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source", "day"],
            ["reconciliation_run.source", "reconciliation_run.day"],
            name=op.f("fk_reconciliation_booked_fee_source_reconciliation_run"),
        ),
        sa.PrimaryKeyConstraint("source", "day", name=op.f("pk_reconciliation_booked_fee")),
    )
    role = op.get_bind().exec_driver_sql("SELECT current_user || '_host'").scalar_one()
    op.execute(f'REVOKE DELETE, TRUNCATE ON reconciliation_booked_fee FROM "{role}"')


def downgrade() -> None:
    op.drop_table("reconciliation_booked_fee")
    op.drop_column("reconciliation_run", "fees_fen")
