"""Payments: a merchant's class and where it serves, of which campaigns ask, live on the merchant."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0014"
down_revision = "0013"

SERVED = "state <> 'approved' OR (kind <> '' AND cardinality(regions) > 0)"


def upgrade() -> None:
    op.add_column("merchant", sa.Column("kind", sa.String(), server_default="life", nullable=False))
    op.add_column("merchant", sa.Column("regions", ARRAY(sa.Text()), server_default="{000000}", nullable=False))
    for name in ("kind", "regions"):  # those approved before serve the whole country; new ones say where
        op.alter_column("merchant", name, server_default=None)
    op.create_check_constraint(op.f("ck_merchant_served"), "merchant", SERVED)


def downgrade() -> None:
    op.drop_constraint("ck_merchant_served", "merchant")
    op.drop_column("merchant", "regions")
    op.drop_column("merchant", "kind")
