"""The promises, each checked on what a history left behind. A check tells every fault it finds."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.simulation.world import FACE, START, STOCK, World
from yimen_utilities.settling import REFUND_TRIES

Check = Callable[[AsyncSession, World], Awaitable[list[str]]]


async def broken(world: World) -> list[str]:
    """Check every promise of one history."""
    async with world.services.database.transaction() as session:
        return [f"{check.__name__}: {fault}" for check in PROMISES for fault in await check(session, world)]


async def every_transaction_sums_to_zero(session: AsyncSession, world: World) -> list[str]:
    """Of this history's transactions; the whole journal is audited once for many histories."""
    return [
        str(row.id)
        for row in await _rows(
            session,
            "SELECT t.id FROM journal_transaction t JOIN journal_entry e ON e.transaction_id = t.id"
            " JOIN payment_order o ON o.id = t.about WHERE o.app_id = ANY(:apps)"
            " GROUP BY t.id HAVING sum(e.amount) <> 0 OR sum(e.held) <> sum(e.awaited)",
            apps=world.apps,
        )
    ]


async def balances_are_the_sum_of_their_entries(session: AsyncSession, world: World) -> list[str]:
    """Posted and held, for every account of this history."""
    return [
        row.code
        for row in await _rows(
            session,
            "SELECT a.code FROM ledger_account a LEFT JOIN journal_entry e ON e.account_id = a.id"
            " WHERE a.code LIKE :mine GROUP BY a.id HAVING (a.balance, a.held) IS DISTINCT FROM"
            " (coalesce(sum(e.amount), 0)::bigint, coalesce(sum(e.held), 0)::bigint)",
            mine=f"%{world.name}%",
        )
    ]


async def no_floor_is_crossed_and_nothing_stays_held(session: AsyncSession, world: World) -> list[str]:
    """When all is done, no money is set aside for anything."""
    return [
        f"{row.code} has {row.balance}, held {row.held}"
        for row in await _rows(
            session,
            "SELECT code, balance, held FROM ledger_account WHERE code LIKE :mine AND (balance < floor OR held <> 0)",
            mine=f"%{world.name}%",
        )
    ]


async def what_the_bank_took_is_what_we_booked(session: AsyncSession, world: World) -> list[str]:
    """To the fen: taken less given back is our clearing account, the other way round."""
    taken = sum(payment.taken for payment in world.bank.payments.values())
    returned = sum(sum(payment.returned.values()) for payment in world.bank.payments.values())
    booked = -await _balance(session, f"channel:{world.bank.id}:clearing")
    return [] if booked == taken - returned else [f"the bank has {taken} - {returned}, we booked {booked}"]


async def late_money_is_given_back_in_the_end(session: AsyncSession, world: World) -> list[str]:
    """Nothing is left in suspense when every attempt has ended."""
    left = await _balance(session, f"suspense:{world.bank.id}")
    return [f"{left} fen in suspense"] if left else []


async def a_merchant_has_what_was_paid_less_what_was_refunded(session: AsyncSession, world: World) -> list[str]:
    """Over all orders; and what residents lost, the merchant and the bank's account hold."""
    rows = await _rows(
        session,
        "SELECT app_id, sum(amount_fen - refunded_fen) AS due FROM payment_order WHERE app_id = ANY(:apps)"
        " AND state IN ('paid', 'fulfilled', 'partially_refunded', 'refunded', 'closed') GROUP BY app_id",
        apps=world.apps,
    )
    due = dict.fromkeys(world.apps, 0) | {row.app_id: row.due for row in rows}
    has = {app: await _balance(session, f"merchant:{app}:payable") for app in world.apps}
    return [] if has == due else [f"the merchants have {has}, and {due} is due"]


async def an_order_is_paid_by_exactly_one_attempt(session: AsyncSession, world: World) -> list[str]:
    """A paid order has one settled attempt of its amount; an unpaid one has none."""
    rows = await _rows(
        session,
        "SELECT o.id, o.state, o.amount_fen, array_remove(array_agg(a.amount_fen + (SELECT coalesce(sum(s.fen), 0)"
        " FROM coupon_share s WHERE s.attempt_id = a.id)) FILTER (WHERE a.state = 'settled'), NULL) AS paid"
        " FROM payment_order o LEFT JOIN payment_attempt a ON a.order_id = o.id"
        " WHERE o.app_id = ANY(:apps) GROUP BY o.id",
        apps=world.apps,
    )
    unpaid = {"open", "cancelled", "expired"}
    return [
        f"{row.id} is {row.state} with {row.paid}"
        for row in rows
        if (row.paid or []) != ([] if row.state in unpaid else [row.amount_fen])
    ]


async def refunds_never_exceed_what_was_paid(session: AsyncSession, world: World) -> list[str]:
    """What is refunded and reserved is the sum of the refunds that succeeded, and no more than the amount."""
    rows = await _rows(
        session,
        "SELECT o.id, o.amount_fen, o.reserved_fen, o.refunded_fen,"
        " coalesce(sum(r.amount_fen) FILTER (WHERE r.state = 'succeeded' AND NOT r.late), 0) AS given"
        " FROM payment_order o LEFT JOIN payment_refund r ON r.order_id = o.id"
        " WHERE o.app_id = ANY(:apps) GROUP BY o.id",
        apps=world.apps,
    )
    return [
        f"{row.id}: {row.given} given, {row.refunded_fen} noted, {row.reserved_fen} reserved of {row.amount_fen}"
        for row in rows
        if not row.given == row.refunded_fen == row.reserved_fen <= row.amount_fen
    ]


async def the_bank_gave_back_once_for_each_refund(session: AsyncSession, world: World) -> list[str]:
    """Each number that we call succeeded stands in the bank's books with its amount, and no other does."""
    rows = await _rows(
        session,
        "SELECT r.id, r.amount_fen - r.coupon_fen AS amount_fen FROM payment_refund r JOIN payment_attempt a"
        " ON a.id = r.attempt_id WHERE a.channel = :bank AND r.state = 'succeeded' AND r.amount_fen > r.coupon_fen",
        bank=world.bank.id,
    )
    ours = {row.id: row.amount_fen for row in rows}
    theirs = {number: fen for payment in world.bank.payments.values() for number, fen in payment.returned.items()}
    return [] if ours == theirs else [f"ours {ours}, the bank's {theirs}"]


async def what_was_acknowledged_survives(session: AsyncSession, world: World) -> list[str]:
    """An attempt that was called paid still is; a refund, an order that was answered is there."""
    rows = await _rows(session, "SELECT id, state FROM payment_attempt WHERE id = ANY(:ids)", ids=sorted(world.settled))
    kept = {row.id for row in rows if row.state == "settled"}
    orders = {row.id for row in await _rows(session, "SELECT id FROM payment_order WHERE app_id = :a", a=world.app_id)}
    refunds = await _rows(
        session, "SELECT id FROM payment_refund WHERE id = ANY(:ids)", ids=sorted(world.refunds.values())
    )
    lost = (world.settled - kept) | (set(world.orders) - orders)
    return sorted(lost | (set(world.refunds.values()) - {row.id for row in refunds}))


async def one_number_of_a_mini_app_is_one_order(session: AsyncSession, world: World) -> list[str]:
    """Whatever was repeated."""
    rows = await _rows(
        session,
        "SELECT reference, count(*) AS n FROM payment_order WHERE app_id = ANY(:apps)"
        " GROUP BY app_id, reference HAVING count(*) > 1",
        apps=world.apps,
    )
    return [f"{row.reference} is {row.n} orders" for row in rows]


async def money_is_neither_made_nor_lost(session: AsyncSession, world: World) -> list[str]:
    """Wallets, merchant, suspense and the bank's account sum to what the wallets began with."""
    rows = await _rows(
        session,
        "SELECT coalesce(sum(balance), 0) AS total FROM ledger_account WHERE code LIKE :mine",
        mine=f"%{world.name}%",
    )
    began = START * len(world.residents)
    return [] if rows[0].total == began else [f"{rows[0].total} fen, not {began}"]


async def coupons_never_exceed_stock_or_budget(session: AsyncSession, world: World) -> list[str]:
    """At most one for each person; and budget, committed and spent are together what was paid in."""
    if world.campaign is None:
        return []
    (row,) = await _rows(
        session,
        "SELECT count(*) AS given, count(DISTINCT person) AS people,"
        " count(*) FILTER (WHERE state = 'locked') AS locked,"
        " count(*) FILTER (WHERE state IN ('claimed', 'released')) AS held,"
        " count(*) FILTER (WHERE state = 'used') AS used,"
        " (SELECT coalesce(sum(kept_fen), 0) FROM coupon_share WHERE campaign_id = :c) AS kept"
        " FROM coupon WHERE campaign_id = :c",
        c=world.campaign,
    )
    budget, committed, spent = [
        await _balance(session, f"campaign:{world.campaign}:{part}") for part in ("budget", "committed", "spent")
    ]
    right = (
        row.given == row.people <= STOCK
        and row.locked == 0
        and committed == row.held * FACE + row.kept
        and budget + committed + spent == STOCK * FACE
        and spent <= row.used * FACE  # a part of a used one goes back with a refund
    )
    return [] if right else [f"{tuple(row)} with {budget} + {committed} + {spent}"]


async def a_coupon_that_was_promised_is_there(session: AsyncSession, world: World) -> list[str]:
    """Whoever was told that they have one does."""
    rows = await _rows(session, "SELECT id FROM coupon WHERE id = ANY(:ids)", ids=sorted(world.coupons.values()))
    return sorted(set(world.coupons.values()) - {row.id for row in rows})


async def every_edge_is_told_exactly_once(session: AsyncSession, world: World) -> list[str]:
    """One event for each payment that settled, each order that ended unpaid, and each refund that ended."""
    rows = await _rows(
        session,
        "SELECT e.type, e.subject, e.data->>'refund_id' AS refund FROM outbox_event e JOIN payment_order o"
        " ON o.id = e.subject WHERE o.app_id = ANY(:apps) AND e.type NOT LIKE 'yimen.notice.%'",
        apps=world.apps,
    )
    told = Counter((row.type, row.subject, row.refund) for row in rows)
    due = Counter(
        (row.type, row.subject, row.refund)
        for row in await _rows(
            session,
            "SELECT CASE WHEN state IN ('cancelled', 'expired') THEN 'yimen.order.ended'"
            " ELSE 'yimen.payment.settled' END AS type, id AS subject, NULL AS refund"
            " FROM payment_order WHERE app_id = ANY(:apps) AND state <> 'open'"
            " UNION ALL SELECT 'yimen.refund.ended', o.id, r.id FROM payment_refund r JOIN payment_order o"
            " ON o.id = r.order_id WHERE o.app_id = ANY(:apps) AND NOT r.late AND r.state IN ('succeeded', 'failed')",
            apps=world.apps,
        )
    )
    return [f"told {told - due} too much, {due - told} too little"] if told != due else []


async def a_receiver_has_every_event_and_in_order(session: AsyncSession, world: World) -> list[str]:
    """At least once each; and the first time each is heard, it follows those before it of its order."""
    rows = await _rows(
        session,
        "SELECT event_id, state FROM webhook_delivery WHERE endpoint_id = :e ORDER BY id",
        e=world.endpoint,
    )
    heard = {event_id for event_id, _ in world.receiver.taken}
    faults = [f"{row.event_id} is {row.state}" for row in rows if row.event_id not in heard or row.state != "delivered"]
    last: dict[str, int] = {}
    for _, body in world.receiver.taken:
        said: dict[str, Any] = json.loads(body)  # Any: JSON
        if said["sequence"] > last.get(said["subject"], 0) + 1:
            faults.append(f"{said['subject']}: {said['sequence']} came after {last.get(said['subject'], 0)}")
        last[said["subject"]] = max(said["sequence"], last.get(said["subject"], 0))
    return faults


async def every_paid_order_has_one_receipt(session: AsyncSession, world: World) -> list[str]:
    """And an unpaid one has none."""
    rows = await _rows(
        session,
        "SELECT o.id, o.state, r.number FROM payment_order o LEFT JOIN payment_receipt r ON r.order_id = o.id"
        " WHERE o.app_id = ANY(:apps) AND (o.state IN ('open', 'cancelled', 'expired')) <> (r.number IS NULL)",
        apps=world.apps,
    )
    return [f"{row.id} is {row.state} with receipt {row.number}" for row in rows]


async def a_bill_is_credited_or_its_money_is_given_back(session: AsyncSession, world: World) -> list[str]:
    """The power company holds a bill as paid exactly when we keep the money for it.

    Where the bank declines every refund, the money stays with the merchant and a person has to act.
    """
    rows = await _rows(
        session,
        "SELECT o.reference, o.state, o.amount_fen, o.refunded_fen,"
        " count(r.id) FILTER (WHERE r.state = 'failed') AS declined FROM payment_order o"
        " LEFT JOIN payment_refund r ON r.order_id = o.id AND NOT r.late WHERE o.app_id = :app GROUP BY o.id",
        app=world.utility.app_id,
    )

    def sound(row: Any) -> bool:  # Any: a row
        if row.state in ("open", "cancelled", "expired") or row.refunded_fen == row.amount_fen:
            return not world.utility.company.credited(row.reference)
        credited = world.utility.company.credited(row.reference) and row.state in ("fulfilled", "closed")
        return row.refunded_fen == 0 and (credited or row.declined == REFUND_TRIES)

    return [f"{tuple(row)}: credited {world.utility.company.credited(row.reference)}" for row in rows if not sound(row)]


PROMISES: tuple[Check, ...] = (
    every_transaction_sums_to_zero,
    balances_are_the_sum_of_their_entries,
    no_floor_is_crossed_and_nothing_stays_held,
    what_the_bank_took_is_what_we_booked,
    late_money_is_given_back_in_the_end,
    a_merchant_has_what_was_paid_less_what_was_refunded,
    an_order_is_paid_by_exactly_one_attempt,
    refunds_never_exceed_what_was_paid,
    the_bank_gave_back_once_for_each_refund,
    what_was_acknowledged_survives,
    one_number_of_a_mini_app_is_one_order,
    money_is_neither_made_nor_lost,
    coupons_never_exceed_stock_or_budget,
    a_coupon_that_was_promised_is_there,
    every_edge_is_told_exactly_once,
    a_receiver_has_every_event_and_in_order,
    every_paid_order_has_one_receipt,
    a_bill_is_credited_or_its_money_is_given_back,
)


async def _balance(session: AsyncSession, code: str) -> int:
    found = await session.scalar(text("SELECT balance FROM ledger_account WHERE code = :code"), {"code": code})
    return int(found or 0)


async def _rows(session: AsyncSession, query: str, **values: object) -> list[Any]:  # Any: rows differ
    return list((await session.execute(text(query), values)).all())
