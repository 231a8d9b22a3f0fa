"""Nobody asks for the events of a type alone: an index less to write at each."""

from alembic import op

from yimen_host.core.building import drop

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    drop("ix_outbox_event_type")


def downgrade() -> None:
    op.create_index("ix_outbox_event_type", "outbox_event", ["type"])
