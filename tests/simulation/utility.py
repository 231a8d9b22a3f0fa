"""The real mini-app of the power bills on the simulated host, and the power company's own books beyond a bad line."""

import datetime as dt
import os
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import httpx
import psycopg
from psycopg.conninfo import make_conninfo

from tests.simulation.reading import APP_SCHEMA, Reader
from yimen_host.payments.facade import Payments
from yimen_host.payments.models import OrderRow, RefundRow
from yimen_host.payments.ordering import NewOrder, Payee
from yimen_sdk import Answer, Money, OrderEnded, PaymentSettled, RefundEnded, Unknown
from yimen_sdk.events import EVENTS
from yimen_simulators.biller.books import Books
from yimen_simulators.biller.service import create_biller
from yimen_utilities import paid
from yimen_utilities.app import store
from yimen_utilities.biller import BASE
from yimen_utilities.payment import UNDER_WAY, State
from yimen_utilities.store import Payment

ADDRESS = "YIMEN_APP_DATABASE_URL"
ACCOUNTS = ("0520100001", "0520100002")
TODAY = dt.date(2026, 11, 21)  # of the company's books: two bills of each account are unpaid
HANDLERS: Mapping[str, Any] = {  # Any: each takes its own kind of event
    PaymentSettled.type: paid.settled,
    OrderEnded.type: paid.ended,
    RefundEnded.type: paid.refunded,
}


def install(url: str) -> None:
    """Give the mini-app its tables in a database."""
    connect(url)
    with psycopg.connect(os.environ[ADDRESS]) as ours:
        ours.execute(f"CREATE SCHEMA {APP_SCHEMA}")
        for file in sorted(files("yimen_utilities").joinpath("migrations").iterdir(), key=lambda one: one.name):
            ours.execute(file.read_bytes())


def connect(url: str) -> None:
    """Tell the mini-app where its tables are."""
    os.environ[ADDRESS] = make_conninfo(url.replace("+psycopg", ""), options=f"-c search_path={APP_SCHEMA}")


@dataclass
class Company:
    """The line to the power company: a call is answered, lost on its way there or back, or comes after all is over."""

    chance: random.Random
    travel: Callable[[], Awaitable[None]]
    faulty: bool = True
    books: Books = field(default_factory=lambda: Books(":memory:", lambda: TODAY))
    late: list[tuple[str, str, Any]] = field(default_factory=list)  # Any: JSON

    def __post_init__(self) -> None:
        transport = httpx.ASGITransport(create_biller(self.books))
        self._unpaid_at_first = self._unpaid()
        self._client = httpx.AsyncClient(transport=transport, base_url="http://company")

    async def fetch(
        self, method: str, url: str, *, json: Any = None, headers: Mapping[str, str] | None = None, timeout: float = 10
    ) -> Answer:
        """Carry a call of the mini-app. Raises Unknown."""
        await self.travel()
        try:
            return await self._carry(method, url, json)
        finally:
            await self.travel()

    async def _carry(self, method: str, url: str, json: Any) -> Answer:  # Any: JSON
        luck = self.chance.random() if self.faulty else 1.0
        if luck < 0.1:
            raise Unknown("lost on the way")
        if luck < 0.2:
            self.late.append((method, url, json))
            raise Unknown("still on the way")
        answer = await self._client.request(method, url.removeprefix(BASE), json=json)
        if luck < 0.35:
            raise Unknown("the answer was lost")
        return Answer(answer.status_code, {}, answer.content)

    async def get_well(self) -> None:
        """What was still on the way arrives, and the line is good from now on."""
        self.faulty = False
        calls, self.late = self.late, []
        for method, url, json in calls:
            await self._client.request(method, url.removeprefix(BASE), json=json)

    def credited(self, sequence: str) -> bool:
        """Whether the company holds a bill as paid by this payment."""
        made = self.books.collection(sequence)
        return made is not None and made.outcome == "confirmed"

    def count(self) -> int:
        """How many bills were paid since the history began."""
        return self._unpaid_at_first - self._unpaid()

    def _unpaid(self) -> int:
        return sum(not bill.paid for account in ACCOUNTS for bill in self.books.bills(account))


class OrdersOf:
    """The payments port of the platform, for one mini-app."""

    def __init__(self, payments: Payments, app_id: str, resident: str) -> None:
        self._payments, self._app_id, self._resident = payments, app_id, resident

    async def open_order(self, title: str, amount: Money, *, reference: str) -> OrderRow:
        """Open an order, or find the one under this reference."""
        async with self._payments.services.database.transaction() as session:
            payee = Payee(self._app_id, "缴电费", "供电公司")
            return await self._payments.orders.open(
                session, NewOrder(title, amount, reference=reference), payee, self._resident
            )

    async def order(self, order_id: str) -> OrderRow:
        """Look an order up."""
        async with self._payments.services.database.transaction() as session:
            return await self._payments.orders.of_app(session, order_id, self._app_id)

    async def fulfil(self, order_id: str) -> None:
        """Say that it was delivered."""
        async with self._payments.services.database.transaction() as session:
            order = await self._payments.orders.of_app(session, order_id, self._app_id)
            await self._payments.orders.fulfil(session, order)

    async def refund(self, order_id: str, amount: Money, *, reason: str, key: str) -> RefundRow:
        """Give money back."""
        async with self._payments.services.database.transaction() as session:
            order = await self._payments.orders.of_app(session, order_id, self._app_id)
            row = await self._payments.refunding.request(session, order, amount, reason=reason, key=key)
        await self._payments.refunding.proceed(row.id)
        async with self._payments.services.database.transaction() as session:
            return await session.get_one(RefundRow, row.id)


@dataclass
class Unheard:
    """A notices port: what residents read is of no account here."""

    async def send(self, template: str, *, to: str | None = None, **values: str) -> None:
        """Send nothing."""


@dataclass
class Platform:
    """The platform, as the mini-app sees it."""

    payments: OrdersOf
    network: Company
    notices: Unheard = field(default_factory=Unheard)


class Utility:
    """The mini-app in one history."""

    def __init__(self, name: str, chance: random.Random, reader: Reader, travel: Callable[[], Awaitable[None]]) -> None:
        self.app_id = f"{name}-power"
        self.company = Company(chance, travel)
        self._reader = reader
        self._heard: set[str] = set()
        self._told_until: dt.datetime | None = None

    def begin(self) -> None:
        """Forget the bills of the histories before."""
        self._reader.rows("DELETE FROM bill_payment", {})

    async def stop(self) -> None:
        """Let the process end: its connections go, what it had committed stays."""
        await store.close()

    async def want(self, payments: Payments, resident: str, account: str, month: int) -> Payment:
        """A resident asks to pay a bill: it has one payment under way, whoever asks."""
        bill = self.company.books.bills(account)[month]
        id_ = payments.services.ids.new("bill")
        payment = await store.begin(Payment(id_, resident, account, bill.period, bill.fen, State.CREATED, None, ""))
        if payment.state == State.CREATED and payment.order_id is None:
            mine = OrdersOf(payments, self.app_id, payment.resident)
            order = await mine.open_order("电费", payment.amount, reference=payment.id)
            await store.note_order(payment, order.id)
        return payment

    def due(self) -> list[Any]:  # Any: rows of events
        """The events that wait for the mini-app: the oldest of each order."""
        query = (
            "SELECT e.* FROM outbox_event e JOIN payment_order o ON o.id = e.subject"
            " WHERE o.app_id = %(app)s AND e.type = ANY(%(types)s) ORDER BY e.id"
        )
        found = self._reader.rows(query, {"app": self.app_id, "types": list(HANDLERS)})
        waiting = [event for event in found if event.id not in self._heard]
        return list({event.subject: event for event in reversed(waiting)}.values())[::-1]

    async def hear(self, payments: Payments, event: Any) -> None:  # Any: a row
        """Hand an event over, perhaps not for the last time.

        Raises TryLater and the platform's refusals: then it comes again.
        """
        now = payments.services.clock.now()
        self._let_time_pass(now)
        platform: Any = Platform(
            OrdersOf(payments, self.app_id, ""), self.company
        )  # Any: rows stand for the SDK's values
        kind = EVENTS[event.type]
        await HANDLERS[event.type](kind.from_data(event.id, event.created_at, event.data), platform)
        if not self.company.faulty or self.company.chance.random() < 0.8:
            self._heard.add(event.id)

    def under_way(self) -> list[str]:
        """What has not ended: bills that somebody's order pays for, and events that were not heard."""
        rest = [f"event {event.type} of {event.subject}" for event in self.due()]
        query = "SELECT id || ' ' || state FROM bill_payment WHERE order_id IS NOT NULL AND state = ANY(%(states)s)"
        return rest + [f"bill {what}" for (what,) in self._reader.rows(query, {"states": sorted(UNDER_WAY)})]

    def _let_time_pass(self, now: dt.datetime) -> None:
        """The mini-app's own clock is the database's: what is simulated is told by moving what it wrote."""
        passed = now - (self._told_until or now)
        self._told_until = now
        if passed:
            self._reader.rows("UPDATE bill_payment SET told_at = told_at - %(passed)s", {"passed": passed})
