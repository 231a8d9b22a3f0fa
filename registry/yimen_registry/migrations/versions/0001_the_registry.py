"""The registry: publishers, tokens, builds, submissions, releases, and the log that nobody rewrites."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NO_CHANGE = """
CREATE FUNCTION registry.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is written once';
END
$$
"""
WRITTEN_ONCE = """
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE OR TRUNCATE ON registry.log_entry
FOR EACH STATEMENT EXECUTE FUNCTION registry.refuse_change()
"""


def upgrade() -> None:
    op.create_table(
        "log_entry",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("thing", sa.String(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_log_entry"),
        sa.UniqueConstraint("hash", name="uq_log_entry_hash"),
        schema="registry",
    )
    op.create_index("ix_log_entry_thing", "log_entry", ["thing"], unique=False, schema="registry")
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_log_head_one_row"),
        sa.PrimaryKeyConstraint("id", name="pk_log_head"),
        schema="registry",
    )
    op.create_table(
        "publisher",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('active', 'suspended')", name="ck_publisher_state"),
        sa.PrimaryKeyConstraint("id", name="pk_publisher"),
        sa.UniqueConstraint("name", name="uq_publisher_name"),
        schema="registry",
    )
    op.create_table(
        "app",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("skeleton", sa.String(), nullable=False),
        sa.Column("distribution", sa.String(), nullable=False),
        sa.Column("publisher_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('active', 'suspended')", name="ck_app_state"),
        sa.ForeignKeyConstraint(["publisher_id"], ["registry.publisher.id"], name="fk_app_publisher_id"),
        sa.PrimaryKeyConstraint("id", name="pk_app"),
        sa.UniqueConstraint("distribution", name="uq_app_distribution"),
        sa.UniqueConstraint("skeleton", name="uq_app_skeleton"),
        schema="registry",
    )
    op.create_index("ix_app_publisher_id", "app", ["publisher_id"], unique=False, schema="registry")
    op.create_table(
        "publisher_member",
        sa.Column("publisher_id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('owner', 'maintainer')", name="ck_publisher_member_role"),
        sa.ForeignKeyConstraint(["publisher_id"], ["registry.publisher.id"], name="fk_publisher_member_publisher_id"),
        sa.PrimaryKeyConstraint("publisher_id", "subject", name="pk_publisher_member"),
        schema="registry",
    )
    op.create_index("ix_publisher_member_subject", "publisher_member", ["subject"], unique=False, schema="registry")
    op.create_table(
        "token",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("publisher_id", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["app_id"], ["registry.app.id"], name="fk_token_app_id"),
        sa.ForeignKeyConstraint(["publisher_id"], ["registry.publisher.id"], name="fk_token_publisher_id"),
        sa.PrimaryKeyConstraint("id", name="pk_token"),
        sa.UniqueConstraint("hash", name="uq_token_hash"),
        schema="registry",
    )
    op.create_index("ix_token_publisher_id", "token", ["publisher_id"], unique=False, schema="registry")
    op.create_table(
        "build",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("blake2_256", sa.String(), nullable=False),
        sa.Column("tree_digest", sa.String(), nullable=False),
        sa.Column("module", sa.String(), nullable=False),
        sa.Column("manifest", postgresql.JSONB(), nullable=False),
        sa.Column("metadata_text", sa.String(), nullable=False),
        sa.Column("metadata_sha256", sa.String(), nullable=False),
        sa.Column("requires_python", sa.String(), nullable=True),
        sa.Column("attestations", postgresql.JSONB(), nullable=False),
        sa.Column("token_id", sa.String(), nullable=False),
        sa.Column("uploaded_by", sa.String(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["registry.app.id"], name="fk_build_app_id"),
        sa.ForeignKeyConstraint(["token_id"], ["registry.token.id"], name="fk_build_token_id"),
        sa.PrimaryKeyConstraint("id", name="pk_build"),
        sa.UniqueConstraint("app_id", "version", name="uq_build_app_id_version"),
        sa.UniqueConstraint("file_name", name="uq_build_file_name"),
        schema="registry",
    )
    op.create_table(
        "submission",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("build_id", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("publisher_id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tree_digest", sa.String(), nullable=False),
        sa.Column("manifest", postgresql.JSONB(), nullable=False),
        sa.Column("base_manifest", postgresql.JSONB(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("two_people", sa.Boolean(), nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("report", postgresql.JSONB(), nullable=True),
        sa.Column("submitted_by", sa.String(), nullable=False),
        sa.Column("uploaded_by", sa.String(), nullable=False),
        sa.Column("reviewer", sa.String(), nullable=True),
        sa.Column("first_approver", sa.String(), nullable=True),
        sa.Column("second_approver", sa.String(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state <> 'approved' OR (first_approver IS NOT NULL AND (NOT two_people OR second_approver IS NOT NULL))",
            name="ck_submission_approved_by_enough_people",
        ),
        sa.CheckConstraint(
            "state IN ('submitted', 'checked', 'in_review', 'needs_info',"
            " 'approved', 'rejected', 'withdrawn', 'superseded')",
            name="ck_submission_state",
        ),
        sa.CheckConstraint(
            "state IN ('submitted', 'rejected', 'withdrawn', 'superseded') OR (report IS NOT NULL AND NOT blocked)",
            name="ck_submission_reviewed_only_when_the_checks_passed",
        ),
        sa.CheckConstraint(
            "first_approver NOT IN (submitted_by, uploaded_by)", name="ck_submission_first_approver_is_not_the_maker"
        ),
        sa.CheckConstraint("second_approver <> first_approver", name="ck_submission_approvers_are_two_people"),
        sa.CheckConstraint(
            "second_approver NOT IN (submitted_by, uploaded_by)", name="ck_submission_second_approver_is_not_the_maker"
        ),
        sa.ForeignKeyConstraint(["app_id"], ["registry.app.id"], name="fk_submission_app_id"),
        sa.ForeignKeyConstraint(["build_id"], ["registry.build.id"], name="fk_submission_build_id"),
        sa.ForeignKeyConstraint(["publisher_id"], ["registry.publisher.id"], name="fk_submission_publisher_id"),
        sa.PrimaryKeyConstraint("id", name="pk_submission"),
        sa.UniqueConstraint("id", "state", name="uq_submission_id_state"),
        schema="registry",
    )
    op.create_index("ix_submission_app_id", "submission", ["app_id"], unique=False, schema="registry")
    op.create_index("ix_submission_publisher_id", "submission", ["publisher_id"], unique=False, schema="registry")
    op.create_index(
        "ux_submission_open_build",
        "submission",
        ["build_id"],
        unique=True,
        schema="registry",
        postgresql_where=sa.text("state IN ('checked', 'in_review', 'needs_info', 'submitted')"),
    )
    op.create_table(
        "release",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("build_id", sa.String(), nullable=False),
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("submission_state", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("pilots", postgresql.JSONB(), nullable=False),
        sa.Column("tree_digest", sa.String(), nullable=False),
        sa.Column("module", sa.String(), nullable=False),
        sa.Column("manifest", postgresql.JSONB(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("yank", sa.String(), nullable=True),
        sa.Column("yank_reason", sa.String(), nullable=True),
        sa.Column("yank_asked_by", sa.String(), nullable=True),
        sa.Column("yank_confirmed_by", sa.String(), nullable=True),
        sa.CheckConstraint("(state = 'gray') = (percent BETWEEN 1 AND 100)", name="ck_release_gray_has_a_share"),
        sa.CheckConstraint(
            "state <> 'yanked' OR (yank_asked_by IS NOT NULL AND (yank = 'low' OR yank_confirmed_by IS NOT NULL))",
            name="ck_release_critical_yank_is_confirmed",
        ),
        sa.CheckConstraint(
            "state IN ('approved', 'pilot', 'gray', 'live', 'retired', 'rolled_back', 'yanked')",
            name="ck_release_state",
        ),
        sa.CheckConstraint("submission_state = 'approved'", name="ck_release_comes_from_an_approved_submission"),
        sa.CheckConstraint("yank IN ('low', 'critical')", name="ck_release_yank"),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name="ck_release_percent_range"),
        sa.CheckConstraint("yank_confirmed_by <> yank_asked_by", name="ck_release_yanked_by_two_people"),
        sa.ForeignKeyConstraint(["app_id"], ["registry.app.id"], name="fk_release_app_id"),
        sa.ForeignKeyConstraint(["build_id"], ["registry.build.id"], name="fk_release_build_id"),
        sa.ForeignKeyConstraint(
            ["submission_id", "submission_state"],
            ["registry.submission.id", "registry.submission.state"],
            name="fk_release_submission_approved",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_release"),
        sa.UniqueConstraint("app_id", "version", name="uq_release_app_id_version"),
        sa.UniqueConstraint("submission_id", name="uq_release_submission_id"),
        schema="registry",
    )
    op.create_index(
        "ux_release_gray",
        "release",
        ["app_id"],
        unique=True,
        schema="registry",
        postgresql_where=sa.text("state = 'gray'"),
    )
    op.create_index(
        "ux_release_live",
        "release",
        ["app_id"],
        unique=True,
        schema="registry",
        postgresql_where=sa.text("state = 'live'"),
    )
    op.create_index(
        "ux_release_pilot",
        "release",
        ["app_id"],
        unique=True,
        schema="registry",
        postgresql_where=sa.text("state = 'pilot'"),
    )
    op.create_table(
        "submission_statement",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "act IN ('approved', 'rejected', 'asked', 'answered', 'failed')", name="ck_submission_statement_act"
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["registry.submission.id"], name="fk_submission_statement_submission_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_submission_statement"),
        schema="registry",
    )
    op.create_index(
        "ix_submission_statement_submission_id",
        "submission_statement",
        ["submission_id"],
        unique=False,
        schema="registry",
    )
    op.execute(NO_CHANGE)
    op.execute(WRITTEN_ONCE)
    op.execute("INSERT INTO registry.log_head (id, number, hash) VALUES (1, 0, repeat('0', 64))")


def downgrade() -> None:
    op.drop_index("ix_submission_statement_submission_id", table_name="submission_statement", schema="registry")
    op.drop_table("submission_statement", schema="registry")
    op.drop_index(
        "ux_release_pilot", table_name="release", schema="registry", postgresql_where=sa.text("state = 'pilot'")
    )
    op.drop_index(
        "ux_release_live", table_name="release", schema="registry", postgresql_where=sa.text("state = 'live'")
    )
    op.drop_index(
        "ux_release_gray", table_name="release", schema="registry", postgresql_where=sa.text("state = 'gray'")
    )
    op.drop_table("release", schema="registry")
    op.drop_index(
        "ux_submission_open_build",
        table_name="submission",
        schema="registry",
        postgresql_where=sa.text("state IN ('checked', 'in_review', 'needs_info', 'submitted')"),
    )
    op.drop_index("ix_submission_publisher_id", table_name="submission", schema="registry")
    op.drop_index("ix_submission_app_id", table_name="submission", schema="registry")
    op.drop_table("submission", schema="registry")
    op.drop_table("build", schema="registry")
    op.drop_index("ix_token_publisher_id", table_name="token", schema="registry")
    op.drop_table("token", schema="registry")
    op.drop_index("ix_publisher_member_subject", table_name="publisher_member", schema="registry")
    op.drop_table("publisher_member", schema="registry")
    op.drop_index("ix_app_publisher_id", table_name="app", schema="registry")
    op.drop_table("app", schema="registry")
    op.drop_table("publisher", schema="registry")
    op.drop_table("log_head", schema="registry")
    op.drop_index("ix_log_entry_thing", table_name="log_entry", schema="registry")
    op.drop_table("log_entry", schema="registry")
    op.execute("DROP FUNCTION registry.refuse_change()")
