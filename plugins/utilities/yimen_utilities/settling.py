"""What happens after the resident has paid: the power company is told, asked, and the truth is written down."""

from contextlib import suppress

from yimen_sdk import ConsentRequired, Host, Refused, ScopeNotDeclared, TryLater, Unknown
from yimen_utilities.biller import Biller
from yimen_utilities.payment import DEADLINE, Happens, State
from yimen_utilities.store import BillTaken, Payment, Store

REFUND_TRIES = 3


class StillUncertain(TryLater):
    """The power company has not answered yet; the event comes again and we ask again."""


async def settle(payment: Payment, order_id: str, host: Host, store: Store) -> Payment:
    """Take a paid bill to its end. Safe to run again at any point: every step is a conditional write.

    Raises StillUncertain while the company gives no answer.
    """
    biller = Biller(host)
    try:
        payment = await store.move(payment, Happens.PAID, order_id=order_id)
    except BillTaken:  # the order had ended, and by now somebody else pays this bill
        payment = await store.move(payment, Happens.REJECT, order_id=order_id, reason="paid_by_another")
    if payment.state == State.FUNDED:
        payment = await store.move(payment, Happens.TELL)
        payment = await _tell(payment, biller, store)
    elif payment.state in (State.SUBMITTED, State.UNCERTAIN):
        payment = await _ask(payment, biller, store)
    elif payment.state == State.REVERSING:
        payment = await _undo(payment, biller, store)
    if payment.state in (State.UNCERTAIN, State.REVERSING):
        raise StillUncertain(f"bill payment {payment.id} is uncertain")
    await _conclude(payment, order_id, host)
    return payment


async def _tell(payment: Payment, biller: Biller, store: Store) -> Payment:
    try:
        outcome, reason = await biller.pay(payment.id, payment.number, payment.period, payment.amount)
    except (Unknown, TryLater):
        return await store.move(payment, Happens.SILENCE)
    return await _note(payment, outcome, reason, store)


async def _ask(payment: Payment, biller: Biller, store: Store) -> Payment:
    """Ask what became of it; one never heard of is told again under its number, after the deadline it is undone."""
    if payment.state == State.SUBMITTED:  # we died while telling
        payment = await store.move(payment, Happens.SILENCE)
    overdue = await store.overdue(payment, DEADLINE)
    try:
        found = await biller.outcome(payment.id)
    except TryLater:
        if not overdue:
            raise
        found = None
    if found is not None:
        return await _note(payment, *found, store)
    if overdue:
        payment = await store.move(payment, Happens.UNDO)
        return await _undo(payment, biller, store) if payment.state == State.REVERSING else payment
    payment = await store.move(payment, Happens.TELL)
    return await _tell(payment, biller, store)


async def _undo(payment: Payment, biller: Biller, store: Store) -> Payment:
    """Tell the company to undo it, as often as it takes: only its answer ends a payment that is being undone."""
    try:
        outcome, reason = await biller.reverse(payment.id)
    except (Unknown, TryLater):
        return payment
    return await _note(payment, outcome, reason, store)


async def _note(payment: Payment, outcome: str, reason: str, store: Store) -> Payment:
    if outcome == "confirmed":
        return await store.move(payment, Happens.CONFIRM)
    if outcome == "reversed":
        return await store.move(payment, Happens.REVERSE, reason=reason)
    return await store.move(payment, Happens.REJECT, reason=reason)


async def _conclude(payment: Payment, order_id: str, host: Host) -> None:
    before = await host.payments.order(order_id)
    if payment.state == State.CONFIRMED:
        await host.payments.fulfil(order_id)
        if before.state == "paid":  # the first time; the event may come again
            await _notify(host, "confirmed", payment)
    elif payment.state in (State.REJECTED, State.REVERSED):
        await _give_back(payment, order_id, host)
        if before.state == "paid":
            await _notify(host, "returned", payment)


async def _give_back(payment: Payment, order_id: str, host: Host) -> None:
    """Ask for the refund; one that the bank declined is asked for again under a number of its own, a few times.

    After the last a person has to find another way: it stands as failed before the resident and in the console.
    """
    for turn in range(REFUND_TRIES):
        key = f"{payment.id}.{turn}" if turn else payment.id
        refund = await host.payments.refund(order_id, payment.amount, reason="供电公司未入账", key=key)
        if refund.state != "failed":
            return


async def _notify(host: Host, template: str, payment: Payment) -> None:
    values = {"number": payment.number, "period": payment.period, "amount": payment.amount.plain}
    with suppress(Refused, ConsentRequired, ScopeNotDeclared):  # no notice wanted, or enough for today
        await host.notices.send(template, to=payment.resident, **values)
