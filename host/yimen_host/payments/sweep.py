"""What the jobs worker does for payments every few seconds. Each may run twice at once without harm."""

import asyncio
import datetime as dt
from dataclasses import dataclass

from yimen_host.payments import receipts
from yimen_host.payments.facade import Payments
from yimen_host.payments.ledger import books
from yimen_host.payments.ledger.draft import expire_hold
from yimen_host.payments.orders import REFUND_TIME
from yimen_host.payments.store import attempts, orders, refunds

AT_ONCE = 100  # of each kind in one run; what is left comes with the next
HOLDS_SINCE = dt.timedelta(days=7)  # how far back overdue holds are looked for: longer than any stop of the worker


@dataclass(frozen=True)
class Swept:
    """How many objects one sweep looked at."""

    attempts: int
    refunds: int
    orders: int
    receipts: int
    holds: int
    closed: int
    coupons: int


async def sweep(payments: Payments) -> Swept:
    """Do all that is due: ask channels, go on with refunds, end what is over, give receipts their numbers."""
    return Swept(
        attempts=await settle_uncertain(payments),
        refunds=await continue_refunds(payments),
        orders=await expire_orders(payments),
        receipts=await receipts.issue_owed(payments.services),
        holds=await expire_holds(payments),
        closed=await close_orders(payments),
        coupons=await payments.coupons.expiry.sweep(),
    )


async def settle_uncertain(payments: Payments) -> int:
    """Ask the channels about the unfinished attempts that are due; say how many."""
    services = payments.services
    async with services.database.transaction() as session:
        due = await attempts.due(session, services.clock.now(), AT_ONCE)
    for attempt_id in due:
        await payments.till.ask(attempt_id)
    return len(due)


async def continue_refunds(payments: Payments) -> int:
    """Go on with the unfinished refunds that are due; say how many."""
    services = payments.services
    async with services.database.transaction() as session:
        due = await refunds.due(session, services.clock.now(), AT_ONCE)
    for refund_id in due:
        await payments.refunding.proceed(refund_id)
    return len(due)


async def expire_orders(payments: Payments) -> int:
    """End the open orders whose time is over, after telling their channels; say how many ended.

    An order that turns out to be paid, or of which we do not know, is left alone.
    """
    services = payments.services
    async with services.database.transaction() as session:
        overdue = await orders.overdue(session, services.clock.now(), AT_ONCE)
    ended = 0
    for order in overdue:
        async with services.database.transaction() as session:
            under_way = await attempts.unfinished(session, order.id)
        if under_way is not None:
            await payments.till.close(under_way.id)
            async with services.database.transaction() as session:
                if await attempts.unfinished(session, order.id) is not None:
                    continue
        ended += await payments.orders.expire(order)
    return ended


async def expire_holds(payments: Payments) -> int:
    """Let the money of holds go whose time is over; say how many."""
    services = payments.services
    now = services.clock.now()
    async with services.database.transaction() as session:
        overdue = await books.overdue_holds(session, since=now - HOLDS_SINCE, until=now, limit=AT_ONCE)
    drafts = [expire_hold(f"expire:{held.transaction_id}", held.about, hold=held.key) for held in overdue]
    await asyncio.gather(*(payments.ledger.post(draft) for draft in drafts))
    return len(overdue)


async def close_orders(payments: Payments) -> int:
    """Close the delivered orders for which no money can be given back any more; say how many."""
    services = payments.services
    async with services.database.transaction() as session:
        over = await orders.closable(session, services.clock.now() - REFUND_TIME, AT_ONCE)
    return sum([await payments.orders.close(order_id) for order_id in over])
