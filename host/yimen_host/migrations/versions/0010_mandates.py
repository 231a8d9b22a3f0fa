"""Identity: mandates, their monthly caps and uses; orders, tickets and sessions know by which mandate they are."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "mandate",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("representee_id", sa.String(), nullable=False),
        sa.Column("delegate_id", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("payment_cap_fen", sa.BigInteger(), nullable=False),
        sa.Column("month_cap_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("starts_at", moment, nullable=False),
        sa.Column("ends_at", moment, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.CheckConstraint("representee_id <> delegate_id", name=op.f("ck_mandate_two_people")),
        sa.CheckConstraint("0 < payment_cap_fen AND payment_cap_fen <= month_cap_fen", name=op.f("ck_mandate_caps")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_mandate_time")),
        sa.ForeignKeyConstraint(["representee_id"], ["resident.id"], name=op.f("fk_mandate_representee_id_resident")),
        sa.ForeignKeyConstraint(["delegate_id"], ["resident.id"], name=op.f("fk_mandate_delegate_id_resident")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate")),
    )
    op.create_index(op.f("ix_mandate_representee_id"), "mandate", ["representee_id"])
    op.create_index(op.f("ix_mandate_delegate_id"), "mandate", ["delegate_id"])
    op.create_index(
        "uq_mandate_active",
        "mandate",
        ["representee_id", "delegate_id", "app_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('asked', 'active')"),
    )
    op.create_table(
        "mandate_month",
        sa.Column("mandate_id", sa.String(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("cap_fen", sa.BigInteger(), nullable=False),
        sa.Column("used_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("0 <= used_fen AND used_fen <= cap_fen", name=op.f("ck_mandate_month_within_cap")),
        sa.ForeignKeyConstraint(["mandate_id"], ["mandate.id"], name=op.f("fk_mandate_month_mandate_id_mandate")),
        sa.PrimaryKeyConstraint("mandate_id", "month", name=op.f("pk_mandate_month")),
    )
    op.create_table(
        "mandate_use",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("mandate_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=True),
        sa.Column("attempt_id", sa.String(), nullable=True),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("fen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("returned_fen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.CheckConstraint("0 <= returned_fen AND returned_fen <= fen", name=op.f("ck_mandate_use_returned")),
        sa.ForeignKeyConstraint(["mandate_id"], ["mandate.id"], name=op.f("fk_mandate_use_mandate_id_mandate")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate_use")),
        sa.UniqueConstraint("attempt_id", name=op.f("uq_mandate_use_attempt_id")),
    )
    op.create_index(op.f("ix_mandate_use_mandate_id"), "mandate_use", ["mandate_id"])
    op.add_column("payment_order", sa.Column("representee_id", sa.String(), nullable=True))
    op.add_column("payment_order", sa.Column("mandate_id", sa.String(), nullable=True))
    op.add_column("launch_ticket", sa.Column("mandate_id", sa.String(), nullable=True))
    op.add_column("app_session", sa.Column("mandate_id", sa.String(), nullable=True))


def downgrade() -> None:
    for table, column in (
        ("app_session", "mandate_id"),
        ("launch_ticket", "mandate_id"),
        ("payment_order", "mandate_id"),
        ("payment_order", "representee_id"),
    ):
        op.drop_column(table, column)
    for table in ("mandate_use", "mandate_month", "mandate"):
        op.drop_table(table)
