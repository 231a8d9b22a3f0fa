"""Identity and the outbox."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "one_time_code",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("phone_hash", sa.String(), nullable=False),
        sa.Column("phone_sealed", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_code")),
    )
    op.create_index(op.f("ix_one_time_code_phone_hash"), "one_time_code", ["phone_hash"], unique=False)
    op.create_table(
        "outbox_event",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_event")),
    )
    op.create_index(op.f("ix_outbox_event_subject"), "outbox_event", ["subject"], unique=False)
    op.create_index(op.f("ix_outbox_event_type"), "outbox_event", ["type"], unique=False)
    op.create_table(
        "resident",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("phone_hash", sa.String(), nullable=False),
        sa.Column("phone_sealed", sa.String(), nullable=False),
        sa.Column("person_hash", sa.String(), nullable=True),
        sa.Column("name_sealed", sa.String(), nullable=True),
        sa.Column("id_number_sealed", sa.String(), nullable=True),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("assurance", sa.Integer(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(assurance = 0) = (person_hash IS NULL)", name=op.f("ck_resident_verified_has_person")),
        sa.CheckConstraint("assurance BETWEEN 0 AND 3", name=op.f("ck_resident_assurance_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resident")),
        sa.UniqueConstraint("person_hash", name=op.f("uq_resident_person_hash")),
        sa.UniqueConstraint("phone_hash", name=op.f("uq_resident_phone_hash")),
    )
    op.create_table(
        "sandbox_message",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_message")),
    )
    op.create_table(
        "consent",
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name=op.f("fk_consent_resident_id_resident")),
        sa.PrimaryKeyConstraint("resident_id", "app_id", "scope", name=op.f("pk_consent")),
    )
    op.create_table(
        "data_access",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("fields", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name=op.f("fk_data_access_resident_id_resident")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_access")),
    )
    op.create_index(op.f("ix_data_access_resident_id"), "data_access", ["resident_id"], unique=False)
    op.create_table(
        "resident_password",
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["resident_id"], ["resident.id"], name=op.f("fk_resident_password_resident_id_resident")
        ),
        sa.PrimaryKeyConstraint("resident_id", "kind", name=op.f("pk_resident_password")),
    )
    op.create_table(
        "resident_role",
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name=op.f("fk_resident_role_resident_id_resident")),
        sa.PrimaryKeyConstraint("resident_id", "role", name=op.f("pk_resident_role")),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name=op.f("fk_session_resident_id_resident")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_session_secret_hash")),
    )
    op.create_index(op.f("ix_session_resident_id"), "session", ["resident_id"], unique=False)
    # What was read about whom is never rewritten.
    role = op.get_bind().exec_driver_sql("SELECT current_user || '_host'").scalar_one()
    op.execute(f'REVOKE UPDATE, DELETE ON data_access FROM "{role}"')


def downgrade() -> None:
    op.drop_index(op.f("ix_session_resident_id"), table_name="session")
    op.drop_table("session")
    op.drop_table("resident_role")
    op.drop_table("resident_password")
    op.drop_index(op.f("ix_data_access_resident_id"), table_name="data_access")
    op.drop_table("data_access")
    op.drop_table("consent")
    op.drop_table("sandbox_message")
    op.drop_table("resident")
    op.drop_index(op.f("ix_outbox_event_type"), table_name="outbox_event")
    op.drop_index(op.f("ix_outbox_event_subject"), table_name="outbox_event")
    op.drop_table("outbox_event")
    op.drop_index(op.f("ix_one_time_code_phone_hash"), table_name="one_time_code")
    op.drop_table("one_time_code")
