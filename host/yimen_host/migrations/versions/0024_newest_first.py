"""What a page shows is found by an index, and not among all that somebody ever had. See ``core.building``."""

from alembic import op

from yimen_host.core.building import build, drop

revision = "0024"
down_revision = "0023"

_BEFORE = {
    "ix_notice_resident_id": "notice (resident_id)",
    "ix_session_resident_id": "session (resident_id)",
    "ix_data_access_resident_id": "data_access (resident_id)",
    "ix_one_time_code_phone_hash": "one_time_code (phone_hash)",
}


def upgrade() -> None:
    build("ix_notice_newest", "notice (resident_id, created_at, id)")
    build("ix_notice_unread", "notice (resident_id)", where="read_at IS NULL")
    build("ix_session_living", "session (resident_id, expires_at)", where="ended_at IS NULL")
    build("ix_data_access_newest", "data_access (resident_id, id)")
    build("ix_one_time_code_newest", "one_time_code (phone_hash, created_at)")
    build("ix_webhook_delivery_newest", "webhook_delivery (endpoint_id, id)")
    build("ix_reconciliation_break_taken", "reconciliation_break (ref)", where="resolution = 'taken_in'")
    build("ix_procrastinate_jobs_failed", "procrastinate_jobs (lock, id)", where="status = 'failed'")
    for name in _BEFORE:
        drop(name)


def downgrade() -> None:
    for name, place in _BEFORE.items():
        op.execute(f"CREATE INDEX {name} ON {place}")
    for name in ("notice_newest", "notice_unread", "session_living", "data_access_newest", "one_time_code_newest"):
        op.execute(f"DROP INDEX ix_{name}")
    op.execute("DROP INDEX ix_webhook_delivery_newest, ix_reconciliation_break_taken, ix_procrastinate_jobs_failed")
