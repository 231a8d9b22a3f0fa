"""Planted bugs: one small change of our own source each, of the kind that loses money. Every one must be found."""

import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.simulation import bank
from yimen_host.payments import booking, refunding, sweep
from yimen_host.payments.booking import Booking
from yimen_host.payments.coupons.redemption import Redemption
from yimen_host.payments.ledger import batch, rule, store
from yimen_host.payments.reconciliation.store import breaks, staging
from yimen_host.payments.refund_booking import RefundBooking
from yimen_host.payments.refunding import Refunding
from yimen_host.payments.settlement.settling import Settling
from yimen_host.payments.settlement.store import batches
from yimen_host.payments.splits import store as splits
from yimen_host.payments.store import orders
from yimen_host.payments.till import Till
from yimen_host.payments.webhooks import store as webhooks
from yimen_host.payments.webhooks.sending import Sender
from yimen_utilities import settling


@dataclass(frozen=True)
class Mutant:
    """A change of one function, or of one text of SQL: ``old`` becomes ``new`` in it."""

    name: str
    owner: Any  # Any: a module or a class
    place: str
    old: str
    new: str
    seed: int = 0
    """Of a history that was seen to find it: the search begins there."""

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Live with the bug. Fails when the source no longer has the place for it."""
        sound = getattr(self.owner, self.place)
        source = sound if isinstance(sound, str) else textwrap.dedent(inspect.getsource(sound))
        if self.old not in source:
            raise LookupError(f"{self.name}: {self.place} no longer says {self.old!r}")
        changed = source.replace(self.old, self.new)
        setattr(self.owner, self.place, changed if isinstance(sound, str) else self._made(changed, sound))
        try:
            yield
        finally:
            setattr(self.owner, self.place, sound)

    def _made(self, source: str, sound: Any) -> Any:  # Any: a function
        made: dict[str, Any] = {}  # Any: what the source defines
        exec(compile(source, f"<{self.name}>", "exec"), sound.__globals__, made)
        return made[sound.__name__]


_COMPARED = "paid.amount == Money(attempt.amount_fen, attempt.currency)"
_TOLD = "await events.payment_settled(session, self.services, order, now)"
_NOTED = "await self.refunding.request_late(session, order, attempt, paid.amount, reason)"
_FAILED = 'await self.booking.book(order, attempt, refund, NotReturned("silent"))'
_ALERTED = "await alerts.refund_stuck(session, order, refund, self.services.clock.now())"
_RELEASED = "await orders.release(session, order.id, refund.amount_fen)"
_SILENT = "store.move(payment, Happens.SILENCE)"
_GUESSED = 'store.move(payment, Happens.REJECT, reason="silent")'
_UNDONE = "payment = await store.move(payment, Happens.UNDO)"
_BELIEVED = "payment = await store.move(payment, Happens.REVERSE)"
_GIVEN_BACK = "await _give_back(payment, order_id, host)"
_LEFT = "col(OrderRow.reserved_fen) + fen <= col(OrderRow.amount_fen),"
_STATES = "col(table.state).in_(machine.sources(event)), "
_SENT = "payouts.send(payout) if"
_RENAMED = 'payouts.send(Payout(payout.id + "b", payout.name, payout.bank, payout.account, payout.amount)) if'
_LATER = "except ChannelSilent:\n        return"
_NEVER = 'except ChannelSilent:\n        fact = NotPaidOut("silent")'
_PAYOUT_TOLD = "await alerts.payout_failed(session, merchant, batch, reason, now)"
MUTANTS = (
    Mutant("an amount is not compared", Booking, "_take", _COMPARED, "True"),
    Mutant("a cancelled order is paid", Booking, "_settle", "return Refused(ORDER_GUARD)", "pass", 30),
    Mutant("nobody is told of a payment", Booking, "_settle", _TOLD, "pass"),
    Mutant("late money is kept", Booking, "_come_late", _NOTED, "pass"),
    Mutant("nobody ends what nobody waits for", Till, "ask", "channel.close(attempt.id) if over else", "", 15),
    Mutant("a forged notice is believed", bank, "check", "if not any(", "if False and not any(", 21),
    Mutant("the bank is not asked again", sweep, "settle_uncertain", "await payments.till.ask(attempt_id)", "pass"),
    Mutant("a silent refund is called failed", Refunding, "_act_on", "await self.booking.wait(refund)", _FAILED, 27),
    Mutant("a refund gets another number", refunding, "_ask", "refund.id,", "refund.id + str(refund.queries),"),
    Mutant("a failed refund keeps its reservation", RefundBooking, "_fail", _RELEASED, "pass"),
    Mutant("a refund that failed is posted", RefundBooking, "book", "void_hold(", "post_hold("),
    Mutant("nobody is told of a stuck refund", RefundBooking, "book", _ALERTED, "pass", 100),
    Mutant("more is refunded than was paid", orders, "reserve", _LEFT, "", 8),
    Mutant(
        "only the last refund is counted", orders, "mark_refunded", "col(OrderRow.refunded_fen) + fen", "0 + fen", 25
    ),
    Mutant("a floor is not looked at", rule, "_judge_legs", "changed.available < account.floor", "False", 8),
    Mutant("a posting is answered, not committed", batch.Scribe, "write", "await connection.commit()", "pass"),
    Mutant("a rollback drops the statements", store, "prepare", "raw.prepare_threshold = None", "pass", 70),
    Mutant("a coupon is not used up", Redemption, "use", "await coupons.use(", "len(rows) #"),
    Mutant("a coupon stays locked", Redemption, "release", "await coupons.release(", "return None #"),
    Mutant("a refund keeps the coupon's part", Redemption, "return_legs", "-row.fen", "-row.fen + 1", 25),
    Mutant("a failed webhook counts as delivered", Sender, "_note", "if answer.taken:", "if True:"),
    Mutant("events of an order lose their count", webhooks, "add_delivery", ".scalar_one() + 1", ".scalar_one() + 2"),
    Mutant("a failed refund keeps a merchant's part", splits, "leave", "-part.fen", "0", 92),
    Mutant("a silent company is taken to have refused", settling, "_tell", _SILENT, _GUESSED),
    Mutant("a bill is given back, not undone", settling, "_ask", _UNDONE, _BELIEVED),
    Mutant("a refused bill keeps its money", settling, "_conclude", _GIVEN_BACK, "pass"),
    Mutant("a payout gets another number", Settling, "_find_out", _SENT, _RENAMED),
    Mutant("a silent payout is called failed", Settling, "_act_on", _LATER, _NEVER),
    Mutant("a refused payout is posted", Settling, "_act_on", "void_hold(", "post_hold("),
    Mutant("a payout is not asked about", Settling, "proceed", "batch.state == BatchState.SUBMITTED", "False"),
    Mutant("nobody is told of a refused payout", Settling, "_act_on", _PAYOUT_TOLD, "pass"),
    Mutant("a reserve is released twice", batches, "add", "SET released_by = :id", "SET released_by = NULL"),
    Mutant("two days' lines do not cancel out", breaks, "end_timing", "if other is None:", "if True:", 18),
    Mutant("a payment taken in is on two days", staging, "_OURS", "AND b.day <> :day", "AND false", 67),
    # Only two steps at one moment find these.
    Mutant("an answer that came too late is believed", booking, "move", _STATES, "", 30),
)
