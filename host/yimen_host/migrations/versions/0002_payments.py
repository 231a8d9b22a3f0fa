"""Payments: the ledger and its append-only journal, orders, attempts, refunds, receipts, the sandbox bank."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

JOURNAL = ("journal_transaction", "journal_entry", "journal_batch")


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION refuse_to_change_the_journal() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$"
    )
    op.create_table(
        "journal_batch",
        sa.Column("lane", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.SmallInteger(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "seq", name=op.f("pk_journal_batch")),
    )
    op.create_table(
        "journal_entry",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("account_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.SmallInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("awaited", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "account_seq", name=op.f("pk_journal_entry")),
    )
    op.create_index(op.f("ix_journal_entry_transaction_id"), "journal_entry", ["transaction_id"], unique=False)
    op.create_table(
        "journal_lane",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_lane")),
    )
    op.create_table(
        "journal_transaction",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("resolves_id", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_transaction")),
        sa.UniqueConstraint("key", name=op.f("uq_journal_transaction_key")),
    )
    op.create_index(
        "uq_journal_transaction_resolves_id",
        "journal_transaction",
        ["resolves_id"],
        unique=True,
        postgresql_where=sa.text("resolves_id IS NOT NULL"),
    )
    op.create_table(
        "ledger_account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("floor", sa.BigInteger(), nullable=True),
        sa.Column("balance", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("awaited", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("floor IS NULL OR balance - held >= floor", name=op.f("ck_ledger_account_floor")),
        sa.CheckConstraint("held >= 0 AND awaited >= 0", name=op.f("ck_ledger_account_holds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("code", name=op.f("uq_ledger_account_code")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "payment_channel_notice",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("notice_id", sa.String(), nullable=False),
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", "notice_id", name=op.f("pk_payment_channel_notice")),
    )
    op.create_table(
        "payment_idempotency",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_payment_idempotency")),
    )
    op.create_table(
        "payment_order",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=True),
        sa.Column("payee", sa.String(), nullable=False),
        sa.Column("payee_title", sa.String(), nullable=False),
        sa.Column("payee_publisher", sa.String(), nullable=False),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("return_path", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reserved_fen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refunded_fen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "0 <= refunded_fen AND refunded_fen <= reserved_fen", name=op.f("ck_payment_order_refunded")
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payment_order_amount")),
        sa.CheckConstraint("reserved_fen <= amount_fen", name=op.f("ck_payment_order_reserved")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_order")),
        sa.UniqueConstraint("app_id", "reference", name="uq_payment_order_reference"),
    )
    op.create_index(
        "ix_payment_order_expiring",
        "payment_order",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_payment_order_newest", "payment_order", ["resident_id", "id"], unique=False)
    op.create_table(
        "payment_receipt_counter",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_payment_receipt_counter")),
    )
    op.create_table(
        "sandbox_bank_payment",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("merchant_ref", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("payee", sa.String(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("return_url", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("silent_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_bank_payment")),
        sa.UniqueConstraint("merchant_ref", name=op.f("uq_sandbox_bank_payment_merchant_ref")),
    )
    op.create_table(
        "sandbox_bank_refund",
        sa.Column("merchant_ref", sa.String(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("merchant_ref", name=op.f("pk_sandbox_bank_refund")),
    )
    op.create_index(op.f("ix_sandbox_bank_refund_payment_id"), "sandbox_bank_refund", ["payment_id"], unique=False)
    op.create_table(
        "payment_attempt",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("form_key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("channel_ref", sa.String(), nullable=True),
        sa.Column("pay_url", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("queries", sa.Integer(), nullable=False),
        sa.Column("ask_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["payment_order.id"], name=op.f("fk_payment_attempt_order_id_payment_order")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_attempt")),
        sa.UniqueConstraint("order_id", "form_key", name="uq_payment_attempt_form_key"),
    )
    op.create_index(
        "ix_payment_attempt_asking",
        "payment_attempt",
        ["ask_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('created', 'submitted', 'uncertain')"),
    )
    op.create_index(
        "uq_payment_attempt_unfinished",
        "payment_attempt",
        ["order_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('created', 'submitted', 'uncertain')"),
    )
    op.create_index(op.f("ix_payment_attempt_order_id"), "payment_attempt", ["order_id"], unique=False)
    op.create_table(
        "payment_receipt",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["payment_order.id"], name=op.f("fk_payment_receipt_order_id_payment_order")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_payment_receipt")),
        sa.UniqueConstraint("order_id", name=op.f("uq_payment_receipt_order_id")),
    )
    op.create_table(
        "payment_refund",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("queries", sa.Integer(), nullable=False),
        sa.Column("ask_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payment_refund_amount")),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["payment_attempt.id"], name=op.f("fk_payment_refund_attempt_id_payment_attempt")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["payment_order.id"], name=op.f("fk_payment_refund_order_id_payment_order")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_refund")),
        sa.UniqueConstraint("order_id", "key", name="uq_payment_refund_key"),
    )
    op.create_index(
        "ix_payment_refund_asking",
        "payment_refund",
        ["ask_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('requested', 'processing')"),
    )
    role = op.get_bind().exec_driver_sql("SELECT current_user || '_host'").scalar_one()
    for table in JOURNAL:
        # Default privileges grant everything on every table; the journal is only ever added to.
        op.execute(f'REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM "{role}"')
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_journal()"
        )
    op.execute(f'REVOKE DELETE, TRUNCATE ON ledger_account, journal_lane FROM "{role}"')
    op.execute("INSERT INTO journal_lane SELECT n, 0, decode(repeat('00', 32), 'hex') FROM generate_series(0, 7) AS n")


def downgrade() -> None:
    op.drop_index(
        "ix_payment_refund_asking",
        table_name="payment_refund",
        postgresql_where=sa.text("state IN ('requested', 'processing')"),
    )
    op.drop_table("payment_refund")
    op.drop_table("payment_receipt")
    op.drop_index(op.f("ix_payment_attempt_order_id"), table_name="payment_attempt")
    op.drop_index(
        "ix_payment_attempt_asking",
        table_name="payment_attempt",
        postgresql_where=sa.text("state IN ('created', 'submitted', 'uncertain')"),
    )
    op.drop_table("payment_attempt")
    op.drop_index(op.f("ix_sandbox_bank_refund_payment_id"), table_name="sandbox_bank_refund")
    op.drop_table("sandbox_bank_refund")
    op.drop_table("sandbox_bank_payment")
    op.drop_table("payment_receipt_counter")
    op.drop_index("ix_payment_order_newest", table_name="payment_order")
    op.drop_index("ix_payment_order_expiring", table_name="payment_order", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("payment_order")
    op.drop_table("payment_idempotency")
    op.drop_table("payment_channel_notice")
    op.drop_table("ledger_account")
    op.drop_index(
        "uq_journal_transaction_resolves_id",
        table_name="journal_transaction",
        postgresql_where=sa.text("resolves_id IS NOT NULL"),
    )
    op.drop_table("journal_transaction")
    op.drop_table("journal_lane")
    op.drop_index(op.f("ix_journal_entry_transaction_id"), table_name="journal_entry")
    op.drop_table("journal_entry")
    op.drop_table("journal_batch")
    op.execute("DROP FUNCTION refuse_to_change_the_journal()")
