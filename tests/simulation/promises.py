"""The promises, each checked on what a history left behind. A check tells every fault it finds."""

from collections import Counter
from collections.abc import Callable

from tests.simulation.settled import (
    a_merchant_is_owed_what_its_batches_left,
    a_refused_payout_was_told_once,
    every_difference_from_the_banks_bills_is_explained,
    fees_paid,
    the_bank_paid_each_batch_once,
)
from tests.simulation.told import (
    a_bill_is_credited_or_its_money_is_given_back,
    a_coupon_that_was_promised_is_there,
    a_receiver_has_every_event_and_in_order,
    coupons_never_exceed_stock_or_budget,
    every_edge_is_told_exactly_once,
    every_paid_order_has_one_receipt,
    what_waited_for_a_person_was_told_once,
)
from tests.simulation.world import START, World
from yimen_host.payments import chart

PAID = ["paid", "fulfilled", "partially_refunded", "refunded", "closed"]
Check = Callable[[World], list[str]]


def broken(world: World) -> list[str]:
    """Check every promise of one history."""
    return [f"{check.__name__}: {fault}" for check in PROMISES for fault in check(world)]


def every_transaction_sums_to_zero(world: World) -> list[str]:
    """Of this history's transactions; the whole journal is audited once for many histories."""
    return [
        str(row.id)
        for row in world.rows(
            "SELECT t.id FROM journal_transaction t JOIN journal_entry e ON e.transaction_id = t.id"
            " JOIN payment_order o ON o.id = t.about WHERE o.app_id = ANY(%(apps)s)"
            " GROUP BY t.id HAVING sum(e.amount) <> 0 OR sum(e.held) <> sum(e.awaited)",
            apps=world.apps,
        )
    ]


def balances_are_the_sum_of_their_entries(world: World) -> list[str]:
    """Posted and held, for every account of this history."""
    return [
        row.code
        for row in world.rows(
            "SELECT a.code FROM ledger_account a LEFT JOIN journal_entry e ON e.account_id = a.id"
            " WHERE a.code LIKE %(mine)s GROUP BY a.id HAVING (a.balance, a.held) IS DISTINCT FROM"
            " (coalesce(sum(e.amount), 0)::bigint, coalesce(sum(e.held), 0)::bigint)",
            mine=f"%{world.name}%",
        )
    ]


def no_floor_is_crossed_and_nothing_stays_held(world: World) -> list[str]:
    """When all is done, no money is set aside for anything."""
    return [
        f"{row.code} has {row.balance}, held {row.held}"
        for row in world.rows(
            "SELECT code, balance, held FROM ledger_account"
            " WHERE code LIKE %(mine)s AND (balance < floor OR held <> 0)",
            mine=f"%{world.name}%",
        )
    ]


def what_the_bank_took_is_what_we_booked(world: World) -> list[str]:
    """To the fen: taken less given back is our clearing account, the other way round."""
    taken = sum(payment.taken for payment in world.bank.payments.values())
    returned = sum(sum(payment.returned.values()) for payment in world.bank.payments.values())
    booked = -world.balance(f"channel:{world.bank.id}:clearing")
    return [] if booked == taken - returned else [f"the bank has {taken} - {returned}, we booked {booked}"]


def late_money_is_given_back_in_the_end(world: World) -> list[str]:
    """Nothing is left in suspense when every attempt has ended."""
    left = world.balance(f"suspense:{world.bank.id}")
    return [f"{left} fen in suspense"] if left else []


def a_merchant_has_what_was_paid_less_what_was_refunded(world: World) -> list[str]:
    """Over all orders; what settlement makes of it is not looked at here."""
    rows = world.rows(
        "SELECT o.app_id AS merchant, o.amount_fen - o.refunded_fen AS due FROM payment_order o"
        " WHERE o.app_id = ANY(%(apps)s) AND o.state = ANY(%(paid)s) AND NOT o.split"
        " UNION ALL SELECT p.merchant_id, p.fen - p.reserved_fen FROM payment_order_part p"
        " JOIN payment_order o ON o.id = p.order_id WHERE o.app_id = ANY(%(apps)s) AND o.state = ANY(%(paid)s)",
        apps=world.apps,
        paid=PAID,
    )
    due = Counter(dict.fromkeys((*world.apps, *world.merchant_ids), 0))
    for merchant, fen in rows:
        due[merchant] += fen
    brought = world.rows(
        "SELECT split_part(a.code, ':', 2) AS merchant, sum(e.amount)::bigint AS fen FROM ledger_account a"
        " JOIN journal_entry e ON e.account_id = a.id JOIN journal_transaction t ON t.id = e.transaction_id"
        " WHERE a.code = ANY(%(codes)s) AND t.key NOT LIKE 'settle:%%' GROUP BY a.code",
        codes=[chart.merchant_payable(merchant) for merchant in due],
    )
    has = Counter(dict.fromkeys(due, 0) | dict(brought))
    return [] if has == due else [f"the merchants got {has}, and {due} is due"]


def a_refund_takes_its_amount_from_the_merchants_of_a_split_order(world: World) -> list[str]:
    """To the fen; and what is reserved of a merchant's part is what succeeded of it."""
    rows = world.rows(
        "SELECT r.id, r.amount_fen, sum(p.fen) AS taken FROM payment_refund r JOIN payment_order o ON o.id = r.order_id"
        " LEFT JOIN payment_refund_part p ON p.refund_id = r.id"
        " WHERE o.app_id = %(app)s AND o.split AND NOT r.late GROUP BY r.id"
        " HAVING r.amount_fen IS DISTINCT FROM sum(p.fen)",
        app=world.app_id,
    )
    kept = world.rows(
        "SELECT p.order_id, p.merchant_id, p.reserved_fen, coalesce(sum(t.fen), 0) AS given FROM payment_order_part p"
        " JOIN payment_order o ON o.id = p.order_id LEFT JOIN (payment_refund_part t JOIN payment_refund r"
        " ON r.id = t.refund_id AND r.state = 'succeeded') ON t.order_id = p.order_id"
        " AND t.merchant_id = p.merchant_id WHERE o.app_id = %(app)s GROUP BY p.order_id, p.merchant_id, p.reserved_fen"
        " HAVING p.reserved_fen <> coalesce(sum(t.fen), 0)",
        app=world.app_id,
    )
    return [str(tuple(row)) for row in (*rows, *kept)]


def an_order_is_paid_by_exactly_one_attempt(world: World) -> list[str]:
    """A paid order has one settled attempt of its amount; an unpaid one has none."""
    rows = world.rows(
        "SELECT o.id, o.state, o.amount_fen, array_remove(array_agg(a.amount_fen + (SELECT coalesce(sum(s.fen), 0)"
        " FROM coupon_share s WHERE s.attempt_id = a.id)) FILTER (WHERE a.state = 'settled'), NULL) AS paid"
        " FROM payment_order o LEFT JOIN payment_attempt a ON a.order_id = o.id"
        " WHERE o.app_id = ANY(%(apps)s) GROUP BY o.id",
        apps=world.apps,
    )
    unpaid = {"open", "cancelled", "expired"}
    return [
        f"{row.id} is {row.state} with {row.paid}"
        for row in rows
        if (row.paid or []) != ([] if row.state in unpaid else [row.amount_fen])
    ]


def refunds_never_exceed_what_was_paid(world: World) -> list[str]:
    """What is refunded and reserved is the sum of the refunds that succeeded, and no more than the amount."""
    rows = world.rows(
        "SELECT o.id, o.amount_fen, o.reserved_fen, o.refunded_fen,"
        " coalesce(sum(r.amount_fen) FILTER (WHERE r.state = 'succeeded' AND NOT r.late), 0) AS given"
        " FROM payment_order o LEFT JOIN payment_refund r ON r.order_id = o.id"
        " WHERE o.app_id = ANY(%(apps)s) GROUP BY o.id",
        apps=world.apps,
    )
    return [
        f"{row.id}: {row.given} given, {row.refunded_fen} noted, {row.reserved_fen} reserved of {row.amount_fen}"
        for row in rows
        if not row.given == row.refunded_fen == row.reserved_fen <= row.amount_fen
    ]


def the_bank_gave_back_once_for_each_refund(world: World) -> list[str]:
    """Each number that we call succeeded stands in the bank's books with its amount, and no other does."""
    rows = world.rows(
        "SELECT r.id, r.amount_fen - r.coupon_fen AS amount_fen FROM payment_refund r JOIN payment_attempt a"
        " ON a.id = r.attempt_id WHERE a.channel = %(bank)s AND r.state = 'succeeded' AND r.amount_fen > r.coupon_fen",
        bank=world.bank.id,
    )
    ours = {row.id: row.amount_fen for row in rows}
    theirs = {number: fen for payment in world.bank.payments.values() for number, fen in payment.returned.items()}
    return [] if ours == theirs else [f"ours {ours}, the bank's {theirs}"]


def what_was_acknowledged_survives(world: World) -> list[str]:
    """An attempt that was called paid still is; a refund, an order that was answered is there."""
    rows = world.rows("SELECT id, state FROM payment_attempt WHERE id = ANY(%(ids)s)", ids=sorted(world.settled))
    kept = {row.id for row in rows if row.state == "settled"}
    orders = {row.id for row in world.rows("SELECT id FROM payment_order WHERE app_id = %(a)s", a=world.app_id)}
    refunds = world.rows("SELECT id FROM payment_refund WHERE id = ANY(%(ids)s)", ids=sorted(world.refunds.values()))
    lost = (world.settled - kept) | (set(world.orders) - orders)
    return sorted(lost | (set(world.refunds.values()) - {row.id for row in refunds}))


def one_number_of_a_mini_app_is_one_order(world: World) -> list[str]:
    """Whatever was repeated."""
    rows = world.rows(
        "SELECT reference, count(*) AS n FROM payment_order WHERE app_id = ANY(%(apps)s)"
        " GROUP BY app_id, reference HAVING count(*) > 1",
        apps=world.apps,
    )
    return [f"{row.reference} is {row.n} orders" for row in rows]


def money_is_neither_made_nor_lost(world: World) -> list[str]:
    """Wallets, merchants, their fees, suspense and the banks' accounts sum to what the wallets began with."""
    rows = world.rows(
        "SELECT coalesce(sum(balance), 0) AS total FROM ledger_account WHERE code LIKE %(mine)s",
        mine=f"%{world.name}%",
    )
    began, there_are = START * len(world.residents), rows[0].total + fees_paid(world)
    return [] if there_are == began else [f"{there_are} fen, not {began}"]


PROMISES: tuple[Check, ...] = (
    every_transaction_sums_to_zero,
    balances_are_the_sum_of_their_entries,
    no_floor_is_crossed_and_nothing_stays_held,
    what_the_bank_took_is_what_we_booked,
    late_money_is_given_back_in_the_end,
    a_merchant_has_what_was_paid_less_what_was_refunded,
    a_refund_takes_its_amount_from_the_merchants_of_a_split_order,
    an_order_is_paid_by_exactly_one_attempt,
    refunds_never_exceed_what_was_paid,
    the_bank_gave_back_once_for_each_refund,
    what_was_acknowledged_survives,
    one_number_of_a_mini_app_is_one_order,
    money_is_neither_made_nor_lost,
    coupons_never_exceed_stock_or_budget,
    a_coupon_that_was_promised_is_there,
    every_edge_is_told_exactly_once,
    what_waited_for_a_person_was_told_once,
    a_receiver_has_every_event_and_in_order,
    every_paid_order_has_one_receipt,
    a_bill_is_credited_or_its_money_is_given_back,
    the_bank_paid_each_batch_once,
    a_merchant_is_owed_what_its_batches_left,
    a_refused_payout_was_told_once,
    every_difference_from_the_banks_bills_is_explained,
)
