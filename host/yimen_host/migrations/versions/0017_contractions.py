"""Runtime: what migrations of mini-apps took away, so that nobody is sent back to a version that needs it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "app_contraction",
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("since", sa.String(), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("app_id", "number", name=op.f("pk_app_contraction")),
    )


def downgrade() -> None:
    op.drop_table("app_contraction")
