"""The promises about days that are over: merchants are paid once, nothing is left aside, and the bank's bills agree."""

from collections import Counter

from tests.simulation.world import World
from yimen_host.payments import chart


def fees_paid(world: World) -> int:
    """What merchants paid for the service, in fen: the one account that all histories share."""
    (row,) = world.rows(
        "SELECT coalesce(sum(e.amount), 0)::bigint AS fen FROM settlement_batch b JOIN journal_transaction t"
        " ON t.about = b.id JOIN journal_entry e ON e.transaction_id = t.id JOIN ledger_account a"
        " ON a.id = e.account_id AND a.code = %(fees)s WHERE b.merchant_id = ANY(%(ids)s)",
        fees=chart.FEES,
        ids=world.merchant_ids,
    )
    return int(row.fen)


def the_bank_paid_each_batch_once(world: World) -> list[str]:
    """Each number that we call paid stands in the bank's books with its amount, no other does, and it is booked."""
    rows = world.rows(
        "SELECT id || '-' || tries AS number, payout_fen FROM settlement_batch"
        " WHERE merchant_id = ANY(%(ids)s) AND state = 'paid'",
        ids=world.merchant_ids,
    )
    ours, theirs, booked = dict(rows), world.payer.paid(), world.balance(chart.bank(world.payer.id))
    return [] if ours == theirs and booked == sum(ours.values()) else [f"ours {ours}, the bank's {theirs}, {booked}"]


def a_merchant_is_owed_what_its_batches_left(world: World) -> list[str]:
    """What the last batch carried on, with the lines since; and what is kept back is what no batch released yet."""
    rows = world.rows(
        "SELECT m.id, p.balance AS owed, coalesce(b.carried_out_fen, 0) + coalesce(since.fen, 0) AS due,"
        " coalesce(r.balance, 0) AS kept, coalesce(back.fen, 0) AS kept_back"
        " FROM unnest(%(ids)s::text[]) AS m (id)"
        " JOIN ledger_account p ON p.code = 'merchant:' || m.id || ':payable'"
        " LEFT JOIN ledger_account r ON r.code = 'merchant:' || m.id || ':reserve'"
        " LEFT JOIN LATERAL (SELECT last_seq, carried_out_fen FROM settlement_batch WHERE merchant_id = m.id"
        " ORDER BY last_seq DESC LIMIT 1) b ON true"
        " LEFT JOIN LATERAL (SELECT sum(e.amount)::bigint AS fen FROM journal_entry e JOIN journal_transaction t"
        " ON t.id = e.transaction_id WHERE e.account_id = p.id AND e.account_seq > coalesce(b.last_seq, 0)"
        " AND t.key NOT LIKE 'settle:%%') since ON true"
        " LEFT JOIN LATERAL (SELECT sum(reserve_fen)::bigint AS fen FROM settlement_batch WHERE merchant_id = m.id"
        " AND released_by IS NULL) back ON true",
        ids=world.merchant_ids,
    )
    return [str(tuple(row)) for row in rows if (row.owed, row.kept) != (row.due, row.kept_back)]


def a_refused_payout_was_told_once(world: World) -> list[str]:
    """One alert for each number that the bank will not pay, and for no other."""
    rows = world.rows(
        "SELECT subject FROM outbox_event WHERE type = 'yimen.alert.payout_failed' AND data->>'app_id' = %(app)s",
        app=world.app_id,
    )
    told = Counter(str(row.subject).replace(":", "-") for row in rows)
    refused = Counter(world.payer.refused())
    return [] if told == refused else [f"told {told - refused} too much, {refused - told} too little"]


def every_difference_from_the_banks_bills_is_explained(world: World) -> list[str]:
    """By a payment that was booked after all, or by another day's line; and all bills together are what we booked."""
    rows = world.rows(
        "SELECT day, kind, ref, difference_fen, state FROM reconciliation_break WHERE source = %(bank)s"
        " AND (state <> 'resolved' OR resolution NOT IN ('taken_in', 'timing', 'gone')) ORDER BY id",
        bank=world.bank.id,
    )
    runs = world.rows(
        "SELECT coalesce(sum(ours_fen), 0)::bigint AS ours, coalesce(sum(theirs_fen), 0)::bigint AS theirs,"
        " count(*) FILTER (WHERE state <> 'done') AS missing FROM reconciliation_run WHERE source = %(bank)s",
        bank=world.bank.id,
    )
    unlike = [run for run in runs if run.ours != run.theirs or run.missing]
    return [str(tuple(row)) for row in (*rows, *unlike)]
