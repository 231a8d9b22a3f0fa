"""Payments: consumer coupons, their campaigns, what they paid of orders and what refunds give back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

MOVING = "state, issued, day, day_issued, first_approver, second_approver"


def upgrade() -> None:
    op.create_table(
        "coupon",
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("stack_group", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(state IN ('locked', 'used')) = (order_id IS NOT NULL)", name=op.f("ck_coupon_order")),
        sa.PrimaryKeyConstraint("person", "campaign_id", "slot", name=op.f("pk_coupon")),
        sa.UniqueConstraint("id", name=op.f("uq_coupon_id")),
    )
    op.create_index(
        "ix_coupon_out",
        "coupon",
        ["campaign_id"],
        unique=False,
        postgresql_where=sa.text("state IN ('claimed', 'locked', 'released')"),
    )
    op.create_index(
        "uq_coupon_order_group",
        "coupon",
        ["order_id", "stack_group"],
        unique=True,
        postgresql_where=sa.text("state IN ('locked', 'used')"),
    )
    op.create_table(
        "coupon_tally",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("issued > 0", name=op.f("ck_coupon_tally_issued")),
        sa.PrimaryKeyConstraint("campaign_id", "day", "region", name=op.f("pk_coupon_tally")),
    )
    op.create_table(
        "coupon_campaign",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("face_fen", sa.BigInteger(), nullable=False),
        sa.Column("threshold_fen", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("stock", sa.BigInteger(), nullable=False),
        sa.Column("budget_fen", sa.BigInteger(), nullable=False),
        sa.Column("day_stock", sa.BigInteger(), nullable=True),
        sa.Column("per_person", sa.SmallInteger(), nullable=False),
        sa.Column("resident_regions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("merchant_regions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("merchant_classes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("stack_group", sa.String(), nullable=False),
        sa.Column("claim_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claim_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("use_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("use_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("issued", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("day_issued", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("planner", sa.String(), nullable=False),
        sa.Column("first_approver", sa.String(), nullable=True),
        sa.Column("second_approver", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'discarded') OR (first_approver IS NOT NULL AND second_approver IS NOT NULL)",
            name=op.f("ck_coupon_campaign_two_people"),
        ),
        sa.CheckConstraint("0 <= issued AND issued <= stock", name=op.f("ck_coupon_campaign_stock")),
        sa.CheckConstraint(
            "claim_from < claim_until AND use_from < use_until AND claim_until <= use_until",
            name=op.f("ck_coupon_campaign_times"),
        ),
        sa.CheckConstraint("day_stock IS NULL OR day_issued <= day_stock", name=op.f("ck_coupon_campaign_day_stock")),
        sa.CheckConstraint("face_fen > 0 AND threshold_fen > face_fen", name=op.f("ck_coupon_campaign_face")),
        sa.CheckConstraint("per_person BETWEEN 1 AND 20", name=op.f("ck_coupon_campaign_per_person")),
        sa.CheckConstraint(
            "planner <> first_approver AND planner <> second_approver AND first_approver <> second_approver",
            name=op.f("ck_coupon_campaign_other_people"),
        ),
        sa.CheckConstraint("stock > 0 AND stock * face_fen <= budget_fen", name=op.f("ck_coupon_campaign_budget")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_campaign")),
    )
    op.create_index("ix_coupon_campaign_state", "coupon_campaign", ["state"], unique=False)
    op.create_table(
        "coupon_act",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["coupon_campaign.id"], name=op.f("fk_coupon_act_campaign_id_coupon_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_act")),
    )
    op.create_index(op.f("ix_coupon_act_campaign_id"), "coupon_act", ["campaign_id"], unique=False)
    op.create_table(
        "coupon_share",
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("coupon_id", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("order_fen", sa.BigInteger(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("merchant_class", sa.String(), nullable=False),
        sa.Column("returned_fen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("0 <= returned_fen AND returned_fen <= fen", name=op.f("ck_coupon_share_returned")),
        sa.CheckConstraint("fen > 0", name=op.f("ck_coupon_share_amount")),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["payment_attempt.id"], name=op.f("fk_coupon_share_attempt_id_payment_attempt")
        ),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupon.id"], name=op.f("fk_coupon_share_coupon_id_coupon")),
        sa.PrimaryKeyConstraint("attempt_id", "coupon_id", name=op.f("pk_coupon_share")),
    )
    op.create_index("ix_coupon_share_coupon", "coupon_share", ["coupon_id"], unique=False)
    op.create_index(
        "ix_coupon_share_settled",
        "coupon_share",
        ["campaign_id", "settled_at"],
        unique=False,
        postgresql_where=sa.text("settled_at IS NOT NULL"),
    )
    op.create_table(
        "coupon_return",
        sa.Column("refund_id", sa.String(), nullable=False),
        sa.Column("coupon_id", sa.Text(), nullable=False),
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("destination", sa.String(), nullable=False),
        sa.CheckConstraint("fen > 0", name=op.f("ck_coupon_return_amount")),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupon.id"], name=op.f("fk_coupon_return_coupon_id_coupon")),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["payment_refund.id"], name=op.f("fk_coupon_return_refund_id_payment_refund")
        ),
        sa.PrimaryKeyConstraint("refund_id", "coupon_id", name=op.f("pk_coupon_return")),
    )
    op.add_column("payment_refund", sa.Column("coupon_fen", sa.BigInteger(), server_default="0", nullable=False))
    op.create_check_constraint(
        op.f("ck_payment_refund_coupon"), "payment_refund", "0 <= coupon_fen AND coupon_fen <= amount_fen"
    )
    role = op.get_bind().exec_driver_sql("SELECT current_user || '_host'").scalar_one()
    for table in ("coupon", "coupon_campaign", "coupon_share", "coupon_tally"):
        op.execute(f'REVOKE DELETE, TRUNCATE ON {table} FROM "{role}"')
    op.execute(f'REVOKE UPDATE, DELETE, TRUNCATE ON coupon_act, coupon_return FROM "{role}"')
    # The terms that two people approved are the terms that run.
    op.execute(f'REVOKE UPDATE ON coupon_campaign FROM "{role}"')
    op.execute(f'GRANT UPDATE ({MOVING}) ON coupon_campaign TO "{role}"')


def downgrade() -> None:
    op.drop_column("payment_refund", "coupon_fen")
    op.drop_table("coupon_return")
    op.drop_index(
        "ix_coupon_share_settled", table_name="coupon_share", postgresql_where=sa.text("settled_at IS NOT NULL")
    )
    op.drop_index("ix_coupon_share_coupon", table_name="coupon_share")
    op.drop_table("coupon_share")
    op.drop_index(op.f("ix_coupon_act_campaign_id"), table_name="coupon_act")
    op.drop_table("coupon_act")
    op.drop_index("ix_coupon_campaign_state", table_name="coupon_campaign")
    op.drop_table("coupon_campaign")
    op.drop_index("uq_coupon_order_group", table_name="coupon", postgresql_where=sa.text("state IN ('locked', 'used')"))
    op.drop_table("coupon")
    op.drop_table("coupon_tally")
