"""Payments: merchants, the batches in which they are paid, and what the sandbox bank paid them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

MOVING = "state, tries, reason, ended_at, released_by"


def upgrade() -> None:
    op.create_table(
        "merchant",
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("legal_name", sa.String(), nullable=False),
        sa.Column("credit_code", sa.String(), nullable=False),
        sa.Column("bank", sa.String(), nullable=False),
        sa.Column("account_sealed", sa.String(), nullable=False),
        sa.Column("account_tail", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("applicant", sa.String(), nullable=False),
        sa.Column("reviewer", sa.String(), nullable=True),
        sa.Column("fee_bp", sa.Integer(), nullable=False),
        sa.Column("reserve_bp", sa.Integer(), nullable=False),
        sa.Column("reserve_days", sa.Integer(), nullable=False),
        sa.Column("settle_days", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state = 'applied' OR (reviewer IS NOT NULL AND reviewer <> applicant)", name=op.f("ck_merchant_reviewer")
        ),
        sa.CheckConstraint(
            "fee_bp BETWEEN 0 AND 2000 AND reserve_bp BETWEEN 0 AND 5000", name=op.f("ck_merchant_rates")
        ),
        sa.CheckConstraint(
            "reserve_days BETWEEN 1 AND 365 AND settle_days BETWEEN 1 AND 30", name=op.f("ck_merchant_days")
        ),
        sa.PrimaryKeyConstraint("app_id", name=op.f("pk_merchant")),
    )
    op.create_table(
        "settlement_batch",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("after_seq", sa.BigInteger(), nullable=False),
        sa.Column("previous_seq", sa.BigInteger(), nullable=True),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        *(
            sa.Column(f"{name}_fen", sa.BigInteger(), nullable=False)
            for name in ("gross", "fee", "reserve", "released", "carried_in", "payout", "carried_out")
        ),
        sa.Column("reserve_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_by", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("after_seq < last_seq", name=op.f("ck_settlement_batch_lines")),
        sa.CheckConstraint("coalesce(previous_seq, 0) = after_seq", name=op.f("ck_settlement_batch_chain")),
        sa.CheckConstraint(
            "gross_fen - fee_fen - reserve_fen + released_fen + carried_in_fen = payout_fen + carried_out_fen",
            name=op.f("ck_settlement_batch_reckoned"),
        ),
        sa.CheckConstraint(
            "payout_fen >= 0 AND reserve_fen >= 0 AND released_fen >= 0", name=op.f("ck_settlement_batch_signs")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_batch")),
        sa.UniqueConstraint("app_id", "after_seq", name="uq_settlement_batch_begin"),
        sa.UniqueConstraint("app_id", "last_seq", name="uq_settlement_batch_end"),
        sa.ForeignKeyConstraint(
            ["app_id", "previous_seq"],
            ["settlement_batch.app_id", "settlement_batch.last_seq"],
            name="fk_settlement_batch_chain",
        ),
    )
    op.create_index(
        "ix_settlement_batch_moving",
        "settlement_batch",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state IN ('closed', 'submitted')"),
    )
    op.create_table(
        "sandbox_bank_payout",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("account_tail", sa.String(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_sandbox_bank_payout")),
    )
    role = op.get_bind().exec_driver_sql("SELECT current_user || '_host'").scalar_one()
    op.execute(f'REVOKE DELETE, TRUNCATE ON merchant, settlement_batch FROM "{role}"')
    # What a batch comes to is fixed when it closes; how its payment goes is not.
    op.execute(f'REVOKE UPDATE ON settlement_batch FROM "{role}"')
    op.execute(f'GRANT UPDATE ({MOVING}) ON settlement_batch TO "{role}"')


def downgrade() -> None:
    op.drop_table("sandbox_bank_payout")
    op.drop_table("settlement_batch")
    op.drop_table("merchant")
