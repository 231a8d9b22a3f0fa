"""Payments: reconciliation runs and breaks, and the way to a channel's lines of one day."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

MOVING = "kind, state, owner, proposer, approver, resolution, posting_key, ended_at, ended_by"


def upgrade() -> None:
    op.create_table(
        "reconciliation_run",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("lines_here", sa.Integer(), nullable=False),
        sa.Column("lines_there", sa.Integer(), nullable=False),
        sa.Column("ours_fen", sa.BigInteger(), nullable=False),
        sa.Column("theirs_fen", sa.BigInteger(), nullable=False),
        sa.Column("breaks", sa.Integer(), nullable=False),
        sa.Column("breaks_fen", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("theirs_fen - ours_fen = breaks_fen", name=op.f("ck_reconciliation_run_explained")),
        sa.PrimaryKeyConstraint("source", "day", name=op.f("pk_reconciliation_run")),
    )
    op.create_table(
        "reconciliation_break",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("channel_ref", sa.String(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("ours_fen", sa.BigInteger(), nullable=True),
        sa.Column("theirs_fen", sa.BigInteger(), nullable=True),
        sa.Column("difference_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("proposer", sa.String(), nullable=True),
        sa.Column("approver", sa.String(), nullable=True),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.Column("posting_key", sa.String(), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state <> 'written_off' OR (proposer IS NOT NULL AND approver IS NOT NULL AND proposer <> approver)",
            name=op.f("ck_reconciliation_break_two_people"),
        ),
        sa.CheckConstraint("state <> 'assigned' OR owner IS NOT NULL", name=op.f("ck_reconciliation_break_owner")),
        sa.CheckConstraint(
            "(state IN ('resolved', 'written_off')) = (resolution IS NOT NULL)",
            name=op.f("ck_reconciliation_break_ended"),
        ),
        sa.CheckConstraint(
            "(state = 'written_off') = (resolution IS NOT DISTINCT FROM 'loss')",
            name=op.f("ck_reconciliation_break_loss"),
        ),
        sa.CheckConstraint(
            "coalesce(resolution IN ('taken_in', 'suspense', 'loss'), false) = (posting_key IS NOT NULL)",
            name=op.f("ck_reconciliation_break_posting"),
        ),
        sa.CheckConstraint(
            "resolution IS DISTINCT FROM 'seen' OR difference_fen = 0", name=op.f("ck_reconciliation_break_seen")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_break")),
        sa.UniqueConstraint(
            "source", "day", "ref", "channel_ref", "difference_fen", "ordinal", name="uq_reconciliation_break_line"
        ),
        sa.UniqueConstraint("posting_key", name="uq_reconciliation_break_posting"),
    )
    op.create_index(op.f("ix_reconciliation_break_ref"), "reconciliation_break", ["ref"], unique=False)
    op.create_index(
        "ix_reconciliation_break_open",
        "reconciliation_break",
        ["day"],
        unique=False,
        postgresql_where=sa.text("state IN ('open', 'assigned')"),
    )
    op.create_index(
        "ix_payment_attempt_ended",
        "payment_attempt",
        ["channel", "ended_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('settled', 'late', 'refunded')"),
    )
    op.create_index(
        "ix_payment_refund_ended",
        "payment_refund",
        ["ended_at"],
        unique=False,
        postgresql_where=sa.text("state = 'succeeded'"),
    )
    role = op.get_bind().exec_driver_sql("SELECT current_user || '_host'").scalar_one()
    op.execute(f'REVOKE DELETE, TRUNCATE ON reconciliation_run, reconciliation_break FROM "{role}"')
    # What makes a difference this one never changes; what becomes of it does.
    op.execute(f'REVOKE UPDATE ON reconciliation_break FROM "{role}"')
    op.execute(f'GRANT UPDATE ({MOVING}) ON reconciliation_break TO "{role}"')


def downgrade() -> None:
    op.drop_index("ix_payment_refund_ended", table_name="payment_refund")
    op.drop_index("ix_payment_attempt_ended", table_name="payment_attempt")
    op.drop_table("reconciliation_break")
    op.drop_table("reconciliation_run")
