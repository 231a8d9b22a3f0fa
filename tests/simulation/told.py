"""The promises to those beside the ledger: who has a coupon, hears an event, holds a receipt, or is owed a bill."""

import json
from collections import Counter
from typing import Any

from tests.simulation.world import FACE, STOCK, World
from yimen_utilities.settling import REFUND_TRIES


def coupons_never_exceed_stock_or_budget(world: World) -> list[str]:
    """At most one for each person; and budget, committed and spent are together what was paid in."""
    if world.campaign is None:
        return []
    (row,) = world.rows(
        "SELECT count(*) AS given, count(DISTINCT person) AS people,"
        " count(*) FILTER (WHERE state = 'locked') AS locked,"
        " count(*) FILTER (WHERE state IN ('claimed', 'released')) AS held,"
        " count(*) FILTER (WHERE state = 'used') AS used,"
        " (SELECT coalesce(sum(kept_fen), 0) FROM coupon_share WHERE campaign_id = %(c)s) AS kept"
        " FROM coupon WHERE campaign_id = %(c)s",
        c=world.campaign,
    )
    budget, committed, spent = [
        world.balance(f"campaign:{world.campaign}:{part}") for part in ("budget", "committed", "spent")
    ]
    right = (
        row.given == row.people <= STOCK
        and row.locked == 0
        and committed == row.held * FACE + row.kept
        and budget + committed + spent == STOCK * FACE
        and spent <= row.used * FACE  # a part of a used one goes back with a refund
    )
    return [] if right else [f"{tuple(row)} with {budget} + {committed} + {spent}"]


def a_coupon_that_was_promised_is_there(world: World) -> list[str]:
    """Whoever was told that they have one does."""
    rows = world.rows("SELECT id FROM coupon WHERE id = ANY(%(ids)s)", ids=sorted(world.coupons.values()))
    return sorted(set(world.coupons.values()) - {row.id for row in rows})


def every_edge_is_told_exactly_once(world: World) -> list[str]:
    """One event for each payment that settled, each order that ended unpaid, and each refund that ended."""
    rows = world.rows(
        "SELECT e.type, e.subject, e.data->>'refund_id' AS refund FROM outbox_event e JOIN payment_order o"
        " ON o.id = e.subject WHERE o.app_id = ANY(%(apps)s) AND e.type NOT LIKE 'yimen.notice.%%'",
        apps=world.apps,
    )
    told = Counter((row.type, row.subject, row.refund) for row in rows)
    due = Counter(
        (row.type, row.subject, row.refund)
        for row in world.rows(
            "SELECT CASE WHEN state IN ('cancelled', 'expired') THEN 'yimen.order.ended'"
            " ELSE 'yimen.payment.settled' END AS type, id AS subject, NULL AS refund"
            " FROM payment_order WHERE app_id = ANY(%(apps)s) AND state <> 'open'"
            " UNION ALL SELECT 'yimen.refund.ended', o.id, r.id FROM payment_refund r JOIN payment_order o"
            " ON o.id = r.order_id WHERE o.app_id = ANY(%(apps)s) AND NOT r.late"
            " AND r.state IN ('succeeded', 'failed')",
            apps=world.apps,
        )
    )
    return [f"told {told - due} too much, {due - told} too little"] if told != due else []


def what_waited_for_a_person_was_told_once(world: World) -> list[str]:
    """One alert for each refund that somebody had to see to, and for no other."""
    rows = world.rows(
        "SELECT e.subject FROM outbox_event e JOIN payment_refund r ON r.id = e.subject JOIN payment_order o"
        " ON o.id = r.order_id WHERE o.app_id = ANY(%(apps)s)"
        " AND e.type IN ('yimen.alert.refund_stuck', 'yimen.alert.late_money_stuck')",
        apps=world.apps,
    )
    told = Counter(row.subject for row in rows)
    return [] if told.keys() == world.helped else [f"told of {sorted(told.keys() ^ world.helped)} or not, wrongly"]


def a_receiver_has_every_event_and_in_order(world: World) -> list[str]:
    """At least once each; and the first time each is heard, it follows those before it of its order."""
    rows = world.rows(
        "SELECT event_id, state FROM webhook_delivery WHERE endpoint_id = %(e)s ORDER BY id",
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


def every_paid_order_has_one_receipt(world: World) -> list[str]:
    """And an unpaid one has none."""
    rows = world.rows(
        "SELECT o.id, o.state, r.number FROM payment_order o LEFT JOIN payment_receipt r ON r.order_id = o.id"
        " WHERE o.app_id = ANY(%(apps)s) AND (o.state IN ('open', 'cancelled', 'expired')) <> (r.number IS NULL)",
        apps=world.apps,
    )
    return [f"{row.id} is {row.state} with receipt {row.number}" for row in rows]


def a_bill_is_credited_or_its_money_is_given_back(world: World) -> list[str]:
    """The power company holds a bill as paid exactly when we keep the money for it.

    Where the bank declines every refund, the money stays with the merchant and a person has to act.
    """
    rows = world.rows(
        "SELECT o.reference, o.state, o.amount_fen, o.refunded_fen,"
        " count(r.id) FILTER (WHERE r.state = 'failed') AS declined FROM payment_order o"
        " LEFT JOIN payment_refund r ON r.order_id = o.id AND NOT r.late WHERE o.app_id = %(app)s GROUP BY o.id",
        app=world.utility.app_id,
    )

    def sound(row: Any) -> bool:  # Any: a row
        if row.state in ("open", "cancelled", "expired") or row.refunded_fen == row.amount_fen:
            return not world.utility.company.credited(row.reference)
        credited = world.utility.company.credited(row.reference) and row.state in ("fulfilled", "closed")
        return row.refunded_fen == 0 and (credited or row.declined == REFUND_TRIES)

    return [f"{tuple(row)}: credited {world.utility.company.credited(row.reference)}" for row in rows if not sound(row)]
