"""What may happen next in a history, each by itself, and how likely each is."""

from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any

from tests.simulation.utility import ACCOUNTS
from tests.simulation.world import PASSWORD, World
from yimen_host.core.errors import HostError, Later
from yimen_host.payments import sweep
from yimen_host.payments.attempts import AttemptState
from yimen_host.payments.coupons.answers import AlreadyClaimed, Won
from yimen_host.payments.coupons.redemption import NO_COUPONS, CouponChoice
from yimen_host.payments.decision import Refused
from yimen_host.payments.models import OrderRow
from yimen_host.payments.ordering import NewOrder, Payee
from yimen_host.payments.orders import ORDER, OrderEvent, OrderState
from yimen_sdk import TryLater
from yimen_sdk.money import Money
from yimen_sdk.split import Part

SPANS: tuple[dict[str, float], ...] = ({"seconds": 5}, {"seconds": 70}, {"minutes": 4}, {"minutes": 31}, {"hours": 5})
LIKELY = (6, 6, 4, 1, 1)
Step = Callable[[World], Coroutine[Any, Any, None]]


async def open_order(world: World) -> None:
    """A mini-app opens an order, or the same one again under its own number."""
    resident = world.chance.choice(world.residents)
    if world.references and world.chance.random() < 0.2:
        reference = world.chance.choice(sorted(world.references))
        resident, new = world.references[reference]
    else:
        reference, fen = f"ref-{len(world.references)}", world.chance.randint(1, 6000)
        new = NewOrder("茶", Money(fen), reference=reference, split=_parts(world, fen))
        world.references[reference] = (resident, new)

    async def opening() -> str:
        async with world.services.database.transaction() as session:
            payee = Payee(world.app_id, "茶馆", "茶叶合作社")
            return (await world.payments.orders.open(session, new, payee, resident)).id

    order_id = await _risky(world, opening())
    if order_id is not None:
        world.orders[order_id] = new.amount.fen


async def claim(world: World) -> None:
    """A resident wants a coupon, perhaps once more."""
    if world.campaign is None:
        return
    resident = world.chance.choice(world.residents)
    answer = await _risky(world, world.payments.coupons.claim(world.campaign, world.person(resident)))
    if isinstance(answer, Won | AlreadyClaimed):
        known = world.coupons.setdefault(resident, answer.coupon_id)
        if known != answer.coupon_id:
            raise AssertionError(f"{resident} has two coupons: {known} and {answer.coupon_id}")


async def want_bill(world: World) -> None:
    """A resident wants to pay a power bill, which another may be paying."""
    account, month = world.chance.choice(ACCOUNTS), world.chance.randint(0, 1)
    await _risky(world, world.utility.want(world.payments, world.chance.choice(world.residents), account, month))


async def tell(world: World) -> None:
    """The power company's mini-app hears an event, and the company may be silent."""
    if due := world.utility.due():
        await _risky(world, world.utility.hear(world.payments, world.chance.choice(due)))
    else:
        await pay(world)


async def pay(world: World) -> None:
    """A resident sends the cashier's form, perhaps the same one twice."""
    order = _some_order(world, likely=(OrderState.OPEN,), anybodys=True)
    if order is None or (order.state != OrderState.OPEN and world.chance.random() < 0.7):
        await open_order(world)
        return
    channel = world.chance.choice(("wallet", world.bank.id, world.bank.id))
    form = f"form-{world.chance.randint(1, 3)}"
    mine = world.coupons.get(order.resident_id)
    choice = CouponChoice((mine,), world.person(order.resident_id).key) if mine else NO_COUPONS
    paying = world.payments.till.pay(order, channel=channel, form_key=form, password=PASSWORD, coupons=choice)
    attempt = await _risky(world, paying)
    if attempt is not None and not isinstance(attempt, Refused) and attempt.state == AttemptState.SETTLED:
        world.settled.add(attempt.id)


async def decide(world: World) -> None:
    """A resident pays at the bank's own page, or declines there."""
    world.bank.arrive_late()
    if waiting := world.bank.waiting():
        world.bank.person_decides(world.chance.choice(waiting))
    else:
        await pay(world)


async def hear(world: World) -> None:
    """A notice arrives: any that is due, in any order."""
    due = [notice for notice in world.bank.notices if notice.at <= world.now]
    if not due:
        await decide(world)
        return
    notice = world.chance.choice(due)
    once = world.chance.random() < 0.8
    heard = await _risky(world, world.payments.till.hear(world.bank.id, notice.headers, notice.body))
    if once and heard is not None and notice in world.bank.notices:  # the bank sends again what nobody took
        world.bank.notices.remove(notice)


async def forge(world: World) -> None:
    """Somebody sends a notice that is not the bank's."""
    if world.bank.payments:
        notice = world.bank.forge(world.chance.choice(sorted(world.bank.payments)))
        await _risky(world, world.payments.till.hear(world.bank.id, notice.headers, notice.body))


async def look(world: World) -> None:
    """A resident watches the result page, which asks the channel."""
    order = _some_order(world, anybodys=True)
    if order is None:
        return

    async def looking() -> None:
        for (attempt_id,) in world.rows(
            "SELECT id FROM payment_attempt WHERE order_id = %(o)s ORDER BY id", o=order.id
        ):
            await world.payments.till.ask_when_due(await world.payments.till.attempt(attempt_id))

    await _risky(world, looking())


async def give_up(world: World) -> None:
    """A mini-app cancels an order, or delivers it."""
    order = _some_order(world)
    if order is None:
        return
    act = world.chance.choice((world.payments.orders.cancel, world.payments.orders.fulfil))

    async def acting() -> None:
        async with world.services.database.transaction() as session:
            await act(session, order)

    await _risky(world, acting())


async def refund(world: World) -> None:
    """A mini-app gives back a part, or all, or too much, perhaps under the same key again."""
    refundable = ORDER.sources(OrderEvent.REFUND_ALL)
    order = _some_order(world, likely=refundable)
    if order is None or (order.state not in refundable and world.chance.random() < 0.8):
        await hear(world)
        return
    fen = world.chance.choice((order.amount_fen, max(1, order.amount_fen // 2), order.amount_fen + 1))
    named = [Part(world.chance.choice(world.merchants), Money(fen))] if order.split and fen % 2 else []
    key = f"key-{world.chance.randint(1, 4)}-{fen}-{''.join(part.merchant for part in named)}"

    async def refunding() -> str:
        async with world.services.database.transaction() as session:
            row = await world.payments.refunding.request(
                session, order, Money(fen), reason="凉了", key=key, split=named
            )
        await world.payments.refunding.proceed(row.id)
        return row.id

    refund_id = await _risky(world, refunding())
    if refund_id is not None:
        known = world.refunds.setdefault((order.id, key), refund_id)
        if known != refund_id:
            raise AssertionError(f"key {key} made two refunds: {known} and {refund_id}")


async def work(world: World) -> None:
    """The jobs worker sweeps."""
    await _risky(world, sweep.sweep(world.payments))


async def settle(world: World) -> None:
    """The jobs worker pays merchants what is due, an admin does so at once, or tries again what the bank refused."""
    world.payer.arrive_late()
    if not world.merchants:
        await work(world)
        return
    settling, luck = world.payments.settling, world.chance.random()
    failed = world.rows(
        "SELECT id FROM settlement_batch WHERE merchant_id = ANY(%(ids)s) AND state = 'failed' ORDER BY id",
        ids=world.merchant_ids,
    )
    if failed and luck < 0.4:
        await _risky(world, settling.pay_again(world.chance.choice(failed)[0]))
    elif luck < 0.6:
        await _risky(world, settling.settle_now(world.chance.choice(world.merchant_ids)))
    else:
        await _risky(world, settling.due())


async def reconcile(world: World) -> None:
    """The jobs worker compares days with the bank's bills, or somebody books what only a bill told."""
    if not world.reconciles:
        await work(world)
        return
    if (takable := world.takable()) and world.chance.random() < 0.6:
        taking = world.payments.resolving.take_in(world.chance.choice(takable), by="admin")
        await _risky(world, taking)
    else:
        world.later(hours=world.chance.choice((0, 0, 9, 24)))
        await _risky(world, world.payments.reconciling.due())


async def post(world: World) -> None:
    """The jobs worker sends a webhook: the oldest of some subject, as the queue's locks have it."""
    waiting = world.rows(
        "SELECT DISTINCT ON (subject) id, subject FROM webhook_delivery WHERE endpoint_id = %(e)s AND state = 'pending'"
        " ORDER BY subject, id",
        e=world.endpoint,
    )
    if waiting:
        await _risky(world, world.sender.send(world.chance.choice(waiting)[0]))


async def together(world: World) -> None:
    """Two things happen at one moment, mostly to one order, and often the same, as when somebody presses twice."""
    world.meeting = order = _some_order(world, anybodys=True)
    paid = order is not None and order.state in ORDER.sources(OrderEvent.REFUND_ALL)
    first, second = world.chance.choices(AFTERWARDS if paid else BEFOREHAND, k=2)
    alike = world.chance.random() < 0.3
    second = first if alike else second
    world.trace.append(f"  {first.__name__} and {second.__name__}")
    await world.do_together(first(world), second(world), alike=alike)
    world.meeting = None


async def wait(world: World) -> None:
    """Time passes."""
    world.later(**world.chance.choices(SPANS, LIKELY)[0])


BEFOREHAND: tuple[Step, ...] = (open_order, claim, want_bill, pay, pay, pay, hear, look, give_up, give_up, work)
AFTERWARDS: tuple[Step, ...] = (pay, hear, give_up, refund, refund, refund, work, settle, settle, reconcile)
"""What may happen at the same time, before an order was paid and after; the events of one object follow one another."""
STEPS: dict[Step, int] = {
    open_order: 2, want_bill: 2, tell: 6, claim: 3, pay: 7, decide: 7, hear: 6, forge: 1,
    look: 2, give_up: 2, refund: 9, work: 3, settle: 4, reconcile: 2, post: 2, wait: 4, together: 8,
}  # fmt: skip


def _parts(world: World, fen: int) -> tuple[Part, ...]:
    """Divide an order, mostly, where there is somebody to divide it among."""
    if not world.merchants or fen < len(world.merchants) or world.chance.random() < 0.3:
        return ()
    cuts = sorted(world.chance.sample(range(1, fen), len(world.merchants) - 1))
    return tuple(
        Part(merchant, Money(end - begin))
        for merchant, begin, end in zip(world.merchants, [0, *cuts], [*cuts, fen], strict=True)
    )


async def _risky(world: World, step: Awaitable[Any]) -> Any:  # Any: any step's answer
    """Do a step that may be refused, and in which the process may die."""
    luck = world.chance.random()
    cut_at = world.chance.randint(0, 30) if luck < 0.2 else None
    try:
        answer = await world.do(step, cut_at=cut_at, before=luck < 0.1)
    except (Later, TryLater):
        return None
    except HostError as refusal:
        world.trace.append(f"  refused: {refusal}")
        return None
    world.trace.append(f"  {answer!r:.100}")
    return answer


def _some_order(world: World, *, likely: Collection[OrderState] = (), anybodys: bool = False) -> OrderRow | None:
    """Any order of the shop, or of the power company too; mostly one in a likely state, where there is one."""
    if world.meeting is not None and world.chance.random() < 0.8:
        return world.meeting if anybodys or world.meeting.app_id == world.app_id else None
    apps = world.apps if anybodys else [world.app_id]
    found = world.rows("SELECT * FROM payment_order WHERE app_id = ANY(%(apps)s) ORDER BY id", apps=apps)
    rows = [OrderRow(**row._asdict()) for row in found]
    fitting = [row for row in rows if row.state in likely] if world.chance.random() < 0.85 else []
    return world.chance.choice(fitting or rows) if rows else None
