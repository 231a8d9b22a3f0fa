"""A bank beyond a bad network: it hears late or never, answers or not, and tells us twice, forged or out of order."""

import datetime as dt
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.simulation.distance import far_away, luck
from yimen_host.payments.channels.channel import (
    Ask,
    Capabilities,
    ChannelSilent,
    GoTo,
    Notification,
    NotPaid,
    NotReturned,
    Paid,
    PaymentFact,
    PersonNeeded,
    RefundAsk,
    RefundFact,
    Reply,
    Returned,
    Returning,
    StatementLine,
    Waiting,
)
from yimen_host.payments.channels.signature import check, sign
from yimen_host.payments.errors import NoticeRefused
from yimen_sdk.bilingual import Bilingual
from yimen_sdk.money import Money
from yimen_sdk.pages import CHINA

SECRET = "c2ltdWxhdGlvbg=="


@dataclass
class Payment:
    """A payment in the bank's own books."""

    ref: str
    amount: int
    state: str = "waiting"
    taken: int = 0
    returned: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Notice:
    """A notice on its way to us."""

    at: dt.datetime
    id: str
    headers: Mapping[str, str]
    body: bytes

    def again(self, now: dt.datetime) -> Mapping[str, str]:
        """The headers with which the bank sends it once more: it is signed anew each time."""
        return sign(SECRET, self.id, self.body, now)


@dataclass
class Bank:
    """The bank, and the network to it. ``faulty`` False is a good day."""

    id: str
    chance: random.Random
    travel: Callable[[], Awaitable[None]]
    now: Callable[[], dt.datetime]
    silent: bool
    """Whether it hears of payments late rather than never, and sends no notice of those: the day's bill alone tells."""
    faulty: bool = True
    payments: dict[str, Payment] = field(default_factory=dict)
    refunds: dict[str, RefundFact] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    late: list[tuple[dt.datetime, str, int]] = field(default_factory=list)
    _moved: list[StatementLine] = field(default_factory=list)
    _numbers: int = 0
    _sent: int = 0
    came_late: set[str] = field(default_factory=set)

    title = Bilingual(zh="模拟银行", en="Simulated bank")
    capabilities = Capabilities()

    @far_away
    async def prepare(self, ask: Ask) -> GoTo:
        """Expect a payment, or be too far away to hear of it, or hear of it later."""
        match luck(self):
            case "lost" if not self.silent:
                raise ChannelSilent("lost on the way")
            case "lost" | "late":
                delay = dt.timedelta(hours=self.chance.choice((0, 0, 1, 5)))
                self.late.append((self.now() + delay, ask.attempt_id, ask.amount.fen))
                raise ChannelSilent("still on the way")
            case how:
                payment = self._expect(ask.attempt_id, ask.amount.fen)
        if how == "unanswered":
            raise ChannelSilent("the answer was lost")
        return GoTo(f"/bank/{payment.ref}", payment.ref)

    @far_away
    async def query(self, attempt_id: str) -> PaymentFact:
        """Tell what became of a payment."""
        self._answer()
        return self._fact(attempt_id)

    @far_away
    async def close(self, attempt_id: str) -> PaymentFact:
        """Expect a payment no longer."""
        how = luck(self)
        if how in ("lost", "late"):
            raise ChannelSilent("lost on the way")
        payment = self.payments.get(attempt_id)
        if payment is not None and payment.state == "waiting":
            payment.state = "closed"
        if how == "unanswered":
            raise ChannelSilent("the answer was lost")
        return self._fact(attempt_id)

    @far_away
    async def refund(self, ask: RefundAsk) -> RefundFact:
        """Give money back once for each number."""
        how = luck(self)
        if how in ("lost", "late"):
            raise ChannelSilent("lost on the way")
        known = self.refunds.get(ask.refund_id)
        if known is None or known == PersonNeeded("card closed"):
            known = self.refunds[ask.refund_id] = self._decide(ask)
        if how == "unanswered":
            raise ChannelSilent("the answer was lost")
        return known

    @far_away
    async def query_refund(self, ask: RefundAsk) -> RefundFact:
        """Tell what became of a refund; one that was under way is done by now."""
        self._answer()
        refund_id = ask.refund_id
        if self.refunds.get(refund_id) == Returning():
            self.refunds[refund_id] = Returned()
        if not self.faulty and self.refunds.get(refund_id) == PersonNeeded("card closed"):
            return NotReturned("unknown")  # the person at the bank's window has cleared it
        return self.refunds.get(refund_id, NotReturned("unknown"))

    def parse_notification(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Notification:
        """Read a notice as a real channel does."""
        notice_id = check(SECRET, headers, body, now)
        try:
            told = json.loads(body)
            fact: PaymentFact = Paid(Money(told["taken"]), told["ref"]) if told["taken"] else NotPaid(told["state"])
            return Notification(notice_id, told["nonce"], told["attempt"], fact)
        except (ValueError, KeyError, TypeError) as error:
            raise NoticeRefused("the notice is signed and cannot be read") from error

    def reply(self, refused: str | None) -> Reply:
        """Nobody reads it here."""
        return Reply(200 if refused is None else 400)

    async def statement(self, day: dt.date) -> AsyncIterator[StatementLine]:
        """The day's bill: what was taken and given back by the bank's own books, whatever we were told of it."""
        self._answer()
        for line in self._moved:
            if line.at.astimezone(CHINA).date() == day:
                yield line

    def person_decides(self, attempt_id: str) -> None:
        """The resident pays, mostly; and the bank sends notices, mostly."""
        payment = self.payments[attempt_id]
        drawn = self.chance.random()
        if drawn < 0.1:
            payment.state = "declined"
        else:
            payment.state = "paid"
            payment.taken = payment.amount if drawn > 0.25 else payment.amount + self.chance.choice((-1, 1, 100))
            self._note(payment.ref, attempt_id, "payment", payment.taken)
        came_late = attempt_id in self.came_late
        for _ in range(0 if came_late and self.silent else self.chance.choice((int(came_late), 1, 1, 2, 3))):
            delay = dt.timedelta(seconds=self.chance.choice((0, 0, 5, 240, 3600, 93600)))
            self.notices.append(self._notice(attempt_id, delay, genuine=True))

    def forge(self, attempt_id: str) -> Notice:
        """Somebody else says that a payment was made."""
        return self._notice(attempt_id, dt.timedelta(), genuine=False)

    def arrive_late(self) -> None:
        """What was still on the way arrives, when its time has come."""
        for at, attempt_id, fen in self.late:
            if at <= self.now():
                self._expect(attempt_id, fen)
                self.came_late.add(attempt_id)
        self.late = [one for one in self.late if one[0] > self.now()]

    def next_at(self) -> dt.datetime | None:
        """When the next notice, or the next late call, arrives."""
        return min((*(notice.at for notice in self.notices), *(at for at, _, _ in self.late)), default=None)

    def waiting(self) -> list[str]:
        """The payments that somebody could decide about."""
        return [attempt_id for attempt_id, payment in self.payments.items() if payment.state == "waiting"]

    def _notice(self, attempt_id: str, delay: dt.timedelta, *, genuine: bool) -> Notice:
        payment = self.payments[attempt_id]
        self._sent += 1
        told = {"attempt": attempt_id, "ref": payment.ref, "state": payment.state, "taken": payment.taken}
        told["nonce"] = f"{self.id}-{self._sent}"
        body = json.dumps(told).encode()
        headers = sign(SECRET, f"ntc-{payment.ref}", body, self.now())
        if not genuine:
            body = json.dumps({**told, "state": "paid", "taken": payment.amount}).encode() + b" "
        return Notice(self.now() + delay, f"ntc-{payment.ref}", headers, body)

    def _note(self, ref: str, ours: str, kind: Literal["payment", "refund"], fen: int) -> None:
        self._moved.append(StatementLine(self.id, ref, ours, kind, Money(fen), Money(0), self.now()))

    def _expect(self, attempt_id: str, fen: int) -> Payment:
        if attempt_id not in self.payments:
            self._numbers += 1
            self.payments[attempt_id] = Payment(f"{self.id}-{self._numbers}", fen)
        return self.payments[attempt_id]

    def _fact(self, attempt_id: str) -> PaymentFact:
        match self.payments.get(attempt_id):
            case None:
                return NotPaid("unknown")
            case Payment(state="paid", taken=taken, ref=ref):
                return Paid(Money(taken), ref)
            case Payment(state="waiting"):
                return Waiting()
            case Payment(state=state):
                return NotPaid(state)

    def _decide(self, ask: RefundAsk) -> RefundFact:
        payment = self.payments[ask.attempt_id]
        if sum(payment.returned.values()) + ask.amount.fen > payment.taken:
            return NotReturned("more than was paid")
        drawn = self.chance.random()
        if drawn < 0.3:
            return NotReturned("declined")
        if drawn < 0.4 and self.faulty:
            return PersonNeeded("card closed")
        payment.returned[ask.refund_id] = ask.amount.fen
        self._note(f"{payment.ref}-{len(payment.returned)}", ask.refund_id, "refund", ask.amount.fen)
        return Returning() if drawn < 0.55 else Returned()

    def _answer(self) -> None:
        if luck(self) != "well":
            raise ChannelSilent("no answer")
