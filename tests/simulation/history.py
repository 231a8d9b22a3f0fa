"""What happens in one history: steps drawn by the seed, then good days until nothing is left to do."""

from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from tests.simulation.promises import broken
from tests.simulation.steps import STEPS, claim, open_order, want_bill
from tests.simulation.world import World
from yimen_host.core.errors import HostError
from yimen_host.payments import sweep
from yimen_host.payments.refunds import RefundState
from yimen_host.payments.store import refunds
from yimen_sdk import TryLater

USUAL, LONG = 17, 70
"""Steps of a history; every tenth is a long one, for some faults need a process that has lived a while."""
COMPANY_WELL = 1  # rounds after which the power company's line is well too: most bills are paid in the good days
DAYS = 14  # after them: more than a batch that is refused, or money that only a bill told of, needs
PAYER_WELL = 1  # days after which the line to the bank that pays merchants is well: most batches are paid in these days
COMPARED = 3  # quiet days after which the bills of all days before them have been compared, before ten o'clock too
ROUNDS = 40  # of good days: more than the longest schedule needs


async def happen(world: World) -> list[str]:
    """Live through a history, and tell which promises it broke."""
    await world.begin()
    try:
        steps, weights = zip(*STEPS.items(), strict=True)
        count = LONG if world.seed % 10 == 0 else USUAL
        for step in (open_order, claim, want_bill, *world.chance.choices(steps, weights, k=count)):
            world.trace.append(step.__name__)
            await step(world)
        rest = await _good_days(world)
        return rest + broken(world)
    finally:
        await world.end()


async def _good_days(world: World) -> list[str]:
    """Let the network be well and time pass until nothing is under way; tell what never ends."""
    world.bank.faulty = world.receiver.faulty = False
    rest: list[str] = []
    for turn in range(ROUNDS):
        if turn == COMPANY_WELL:
            await world.utility.company.get_well()
        world.later(hours=1, minutes=5)  # the longest a question or a webhook's endpoint has to wait
        await _hear_what_is_due(world)
        _pay_what_came_late(world)
        await _reconcile(world)
        await world.do(sweep.sweep(world.payments))
        await _help_stuck(world)
        await _tell_everything(world)
        await _send_everything(world)
        rest = _under_way(world)
        if rest or turn < COMPANY_WELL:
            continue
        if (then := world.bank.next_at()) is None:
            return await _days_after(world)
        world.later(seconds=max(0.0, (then - world.now).total_seconds()))
    return [f"never ends: {what}" for what in rest]


async def _days_after(world: World) -> list[str]:
    """Compare the days with the bank's bills and pay the merchants, with people who see to both; tell what is left."""
    left, quiet = [], 0
    for day in range(DAYS if world.reconciles or world.merchants else 0):
        world.later(days=1)
        world.payer.arrive_late()
        world.payer.faulty = day < PAYER_WELL
        await _go_on_with_money(world)
        await world.do(world.payments.settling.due())
        for batch_id in _batches(world, "failed"):
            await world.do(world.payments.settling.pay_again(batch_id))
        left = _batches(world, "closed", "submitted", "failed") + _under_way(world)
        quiet = 0 if left or world.payer.faulty else quiet + 1
        if quiet == (COMPARED if world.reconciles else 1):
            break
    await _reconcile_once_more(world)
    return [f"never ends: {what}" for what in left]


async def _go_on_with_money(world: World) -> None:
    """Book what only the bank's bills tell of, and give it back."""
    if world.reconciles:
        await _reconcile(world)
        await world.do(sweep.sweep(world.payments))
        await _help_stuck(world)
        await _send_everything(world)


async def _reconcile_once_more(world: World) -> None:
    """Compare the days on which anything was again: there is nothing new to find."""
    days = world.rows(
        "SELECT day FROM reconciliation_run WHERE source = %(b)s AND lines_here + lines_there > 0 ORDER BY day",
        b=world.bank.id,
    )
    for (day,) in days:
        await world.do(world.payments.reconciling.run(world.bank.id, day))


def _pay_what_came_late(world: World) -> None:
    """Where only the day's bill tells of it, residents pay at a page of the bank that they left open."""
    world.bank.arrive_late()
    if world.reconciles:
        for attempt_id in sorted(world.bank.came_late.intersection(world.bank.waiting())):
            world.bank.person_decides(attempt_id)


async def _reconcile(world: World) -> None:
    if not world.reconciles:
        return
    await world.do(world.payments.reconciling.due())
    missing = world.rows(
        "SELECT day FROM reconciliation_run WHERE source = %(b)s AND state <> 'done' ORDER BY day", b=world.bank.id
    )
    for (day,) in missing:  # for longer than the clock asks again by itself: an admin was told, and does
        await world.do(world.payments.reconciling.run(world.bank.id, day, by="admin"))
    for break_id in world.takable():
        await _quietly(world, world.payments.resolving.take_in(break_id, by="admin"))


def _batches(world: World, *states: str) -> list[str]:
    query = "SELECT id FROM settlement_batch WHERE merchant_id = ANY(%(ids)s) AND state = ANY(%(states)s)"
    return [row.id for row in world.rows(query + " ORDER BY id", ids=world.merchant_ids, states=list(states))]


async def _hear_what_is_due(world: World) -> None:
    for notice in [notice for notice in world.bank.notices if notice.at <= world.now]:
        world.bank.notices.remove(notice)
        await _quietly(world, world.payments.till.hear(world.bank.id, notice.again(world.now), notice.body))


async def _tell_everything(world: World) -> None:
    for event in world.utility.due():
        with suppress(TryLater):
            await _quietly(world, world.utility.hear(world.payments, event))


async def _send_everything(world: World) -> None:
    query = "SELECT id FROM webhook_delivery WHERE endpoint_id = %(e)s AND state = 'pending' ORDER BY id"
    for (delivery,) in world.rows(query, e=world.endpoint):
        await _quietly(world, world.sender.send(delivery))


async def _help_stuck(world: World) -> None:
    """A person at the console tries the refunds again that wait for one."""
    async with world.services.database.transaction() as session:
        stuck = [row.id for row in await refunds.stuck(session, 100)]
    for refund_id in stuck:
        world.helped.add(refund_id)
        await world.do(world.payments.refunding.retry(refund_id))


async def _quietly(world: World, step: Awaitable[Any]) -> None:
    with suppress(HostError):
        await world.do(step)


def _under_way(world: World) -> list[str]:
    unfinished = tuple(
        state.value for state in (RefundState.REQUESTED, RefundState.PROCESSING, RefundState.NEEDS_ACTION)
    )
    found = world.rows(
        "SELECT 'order ' || id || ' ' || state FROM payment_order WHERE app_id = ANY(%(apps)s) AND state = 'open'"
        " UNION ALL SELECT 'attempt ' || a.id || ' ' || a.state FROM payment_attempt a JOIN payment_order o"
        " ON o.id = a.order_id WHERE o.app_id = ANY(%(apps)s)"
        " AND a.state IN ('created', 'submitted', 'uncertain', 'late')"
        " UNION ALL SELECT 'refund ' || r.id || ' ' || r.state FROM payment_refund r JOIN payment_order o"
        " ON o.id = r.order_id WHERE o.app_id = ANY(%(apps)s) AND r.state = ANY(%(unfinished)s)"
        " UNION ALL SELECT 'webhook ' || id FROM webhook_delivery WHERE endpoint_id = %(e)s AND state = 'pending'",
        apps=world.apps,
        e=world.endpoint,
        unfinished=list(unfinished),
    )
    return [what for (what,) in found] + world.utility.under_way()
