"""A mini-app's orders in one state are found by an index, however few they are. See ``core.building``."""

from yimen_host.core.building import build, drop

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    build("ix_payment_order_in_state", "payment_order (app_id, state, created_at, id)")


def downgrade() -> None:
    drop("ix_payment_order_in_state")
