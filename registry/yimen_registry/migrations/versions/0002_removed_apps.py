"""A mini-app can be removed for good; its name stays taken."""

from alembic import op

revision = "0002"
down_revision = "0001"

BEFORE = op.f("ck_app_ck_app_state")  # the naming convention met a name that followed it already
AFTER = op.f("ck_app_state")


def upgrade() -> None:
    op.drop_constraint(BEFORE, "app", schema="registry")
    op.create_check_constraint(AFTER, "app", "state IN ('active', 'suspended', 'removed')", schema="registry")


def downgrade() -> None:
    op.drop_constraint(AFTER, "app", schema="registry")
    op.create_check_constraint(BEFORE, "app", "state IN ('active', 'suspended')", schema="registry")
