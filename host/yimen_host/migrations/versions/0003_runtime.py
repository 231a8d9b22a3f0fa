"""The runtime and notices."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "installed_app",
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("migration", sa.Integer(), nullable=False),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("app_id", name=op.f("pk_installed_app")),
    )
    op.create_table(
        "app_subject",
        sa.Column("sub", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name=op.f("fk_app_subject_resident_id_resident")),
        sa.PrimaryKeyConstraint("sub", name=op.f("pk_app_subject")),
    )
    op.create_index(op.f("ix_app_subject_app_id"), "app_subject", ["app_id"], unique=False)
    op.create_index(op.f("ix_app_subject_resident_id"), "app_subject", ["resident_id"], unique=False)
    op.create_table(
        "notice",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=True),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("title_zh", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.Column("text_zh", sa.String(), nullable=False),
        sa.Column("text_en", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name=op.f("fk_notice_resident_id_resident")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("source_id", name=op.f("uq_notice_source_id")),
    )
    op.create_index(op.f("ix_notice_resident_id"), "notice", ["resident_id"], unique=False)
    op.create_table(
        "app_session",
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("told", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("look", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_app_session_session_id_session")),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_app_session")),
    )
    op.create_index(op.f("ix_app_session_app_id"), "app_session", ["app_id"], unique=False)
    op.create_index(op.f("ix_app_session_resident_id"), "app_session", ["resident_id"], unique=False)
    op.create_table(
        "launch_ticket",
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_launch_ticket_session_id_session")),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_launch_ticket")),
    )


def downgrade() -> None:
    op.drop_table("launch_ticket")
    op.drop_index(op.f("ix_app_session_resident_id"), table_name="app_session")
    op.drop_index(op.f("ix_app_session_app_id"), table_name="app_session")
    op.drop_table("app_session")
    op.drop_index(op.f("ix_notice_resident_id"), table_name="notice")
    op.drop_table("notice")
    op.drop_index(op.f("ix_app_subject_resident_id"), table_name="app_subject")
    op.drop_index(op.f("ix_app_subject_app_id"), table_name="app_subject")
    op.drop_table("app_subject")
    op.drop_table("installed_app")
