"""An installation that comes from before: what was not done there is done after the upgrade."""

import psycopg
from alembic import command

from yimen_host.core import schema

_BEFORE = """
INSERT INTO payment_order (id, payee, payee_title, payee_publisher, resident_id, title, amount_fen, currency,
    return_path, state, created_at, expires_at)
SELECT 'ord_' || state, 'merchant:tea:payable', '', '', 'ada', '', 800, 'CNY', '/', state, now(), now()
FROM unnest('{open,paid,fulfilled,closed,refunded,expired}'::text[]) AS state;
INSERT INTO payment_attempt (id, order_id, channel, form_key, state, amount_fen, currency, queries, ask_at, created_at)
VALUES ('att', 'ord_refunded', 'wallet', '', 'settled', 800, 'CNY', 0, now(), now());
INSERT INTO payment_refund
    (id, order_id, attempt_id, key, late, amount_fen, currency, reason, state, queries, ask_at, created_at)
SELECT 'ref_' || state || late, 'ord_refunded', 'att', state || late, late, 1, 'CNY', '', state, 0, now(), now()
FROM unnest('{succeeded,failed}'::text[]) AS state, unnest('{t,f}'::boolean[]) AS late;
INSERT INTO payment_receipt (number, order_id, issued_at) VALUES ('YM1', 'ord_closed', now());
INSERT INTO reconciliation_run
    (source, day, state, lines_here, lines_there, ours_fen, theirs_fen, breaks, breaks_fen, ran_at, fees_fen)
SELECT 'bank', day::date, 'done', 0, 0, 0, 0, 0, 0, now(), 5 FROM unnest('{2026-01-01,2026-01-02}'::text[]) AS day;
INSERT INTO reconciliation_booked_fee (source, day, fen, postings) VALUES ('bank', '2026-01-01', 5, 1);
CREATE INDEX ix_payment_attempt_late ON payment_attempt (id);
"""
"""With an index that an upgrade left when it broke off."""


def test_receipts_and_fees_from_before_are_still_owed(migrated_url: str) -> None:
    config = schema.alembic_config(migrated_url)
    command.downgrade(config, "0021")
    address = migrated_url.replace("+psycopg", "")
    with psycopg.connect(address, options="-c search_path=yimen") as owner:
        owner.execute(_BEFORE.encode())

    schema.migrate(migrated_url)

    with psycopg.connect(address, options="-c search_path=yimen") as owner:
        owed = owner.execute("SELECT about, red FROM payment_owed_receipt ORDER BY about").fetchall()
        fees = owner.execute("SELECT day::text FROM reconciliation_run WHERE fees_due").fetchall()
    assert owed == [
        ("ord_fulfilled", False), ("ord_paid", False), ("ord_refunded", False), ("ref_succeededfalse", True),
    ]  # fmt: skip
    assert fees == [("2026-01-02",)]
    command.check(config)
