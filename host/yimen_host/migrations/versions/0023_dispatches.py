"""Notices: what alerts say outside the host, one message for what is raised together."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "alert_dispatch",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_dispatch")),
    )
    op.create_index(
        "uq_alert_dispatch_open", "alert_dispatch", ["way", "kind"], unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )  # fmt: skip
    op.create_index("ix_alert_dispatch_closed", "alert_dispatch", ["way", "kind", "closed_at"])
    op.create_table(
        "alert_dispatch_item",
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("dispatch_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["alert_dispatch.id"], ondelete="CASCADE",
            name=op.f("fk_alert_dispatch_item_dispatch_id_alert_dispatch"),
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["outbox_event.id"], name=op.f("fk_alert_dispatch_item_event_id_outbox_event")
        ),
        sa.PrimaryKeyConstraint("way", "event_id", name=op.f("pk_alert_dispatch_item")),
    )  # fmt: skip
    op.create_index("ix_alert_dispatch_item_dispatch_id", "alert_dispatch_item", ["dispatch_id"])


def downgrade() -> None:
    op.drop_table("alert_dispatch_item")
    op.drop_table("alert_dispatch")
