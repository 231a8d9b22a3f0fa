"""What is over is forgotten, found by an index. Each step can be taken again: see ``core.building``."""

import sqlalchemy as sa
from alembic import op

from yimen_host.core.building import build, drop

revision = "0027"
down_revision = "0026"

_INDEXES = {
    "ix_one_time_code_expires_at": ("one_time_code (expires_at)", None),
    "ix_session_expires_at": ("session (expires_at)", None),
    "ix_launch_ticket_expires_at": ("launch_ticket (expires_at)", None),
    "ix_launch_ticket_session_id": ("launch_ticket (session_id)", None),
    "ix_app_session_expires_at": ("app_session (expires_at)", None),
    "ix_app_session_session_id": ("app_session (session_id)", None),
    "ix_payment_idempotency_created_at": ("payment_idempotency (created_at)", None),
    "ix_webhook_delivery_event_id": ("webhook_delivery (event_id)", None),
    "ix_webhook_secret_ends_at": ("webhook_secret (ends_at)", None),
    "ix_alert_dispatch_unsent": ("alert_dispatch (way, due_at)", "sent_at IS NULL"),
    "ix_alert_dispatch_sent": ("alert_dispatch (sent_at)", "sent_at IS NOT NULL"),
    "ix_alert_dispatch_item_event_id": ("alert_dispatch_item (event_id)", None),
    "ix_notice_read": ("notice (read_at)", "read_at IS NOT NULL"),
    # Not "of yimen.deliver": PostgreSQL then read all of it for whatever else is asked about those jobs.
    "ix_procrastinate_jobs_event": ("procrastinate_jobs ((args ->> 'event_id'))", "args ->> 'event_id' IS NOT NULL"),
    "ix_outbox_event_looked_at": ("outbox_event (looked_at)", None),
}
_BEGAN_FROM_A_SESSION = ("launch_ticket", "app_session")


def upgrade() -> None:
    # The default is for parts of an older version that still run; it is written into no row that is there.
    # What happened before the upgrade counts as looked at then, and goes later.
    op.execute("ALTER TABLE outbox_event ADD COLUMN IF NOT EXISTS looked_at timestamptz NOT NULL DEFAULT now()")
    for name, (place, where) in _INDEXES.items():
        build(name, place, where=where)
    drop("ix_app_session_resident_id")  # nobody asks by it
    for table in _BEGAN_FROM_A_SESSION:
        _go_with_its_session(table)


def _go_with_its_session(table: str) -> None:
    """Declared at once and compared with the rows afterwards, beside the work: only the declaration locks."""
    name = f"fk_{table}_session_id_session"
    with op.get_context().autocommit_block():
        op.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}, ADD CONSTRAINT {name}"
            " FOREIGN KEY (session_id) REFERENCES session (id) ON DELETE CASCADE NOT VALID"
        )
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def downgrade() -> None:
    for table in _BEGAN_FROM_A_SESSION:
        name = f"fk_{table}_session_id_session"
        op.drop_constraint(name, table)
        op.create_foreign_key(name, table, "session", ["session_id"], ["id"])
    op.create_index("ix_app_session_resident_id", "app_session", ["resident_id"])
    for name in _INDEXES:
        op.execute(sa.text(f"DROP INDEX {name}"))
    op.drop_column("outbox_event", "looked_at")
