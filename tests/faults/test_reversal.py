"""A power company that is silent before or after booking, and at the reversal: nobody pays twice, nothing is lost."""

import asyncio
import datetime as dt
import os
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql
from psycopg.conninfo import make_conninfo

from yimen_sdk import Answer, Resident, TryLater, Unknown
from yimen_sdk.testing import FakeHost
from yimen_simulators.biller.books import Books
from yimen_simulators.biller.service import create_biller
from yimen_utilities.biller import BASE
from yimen_utilities.payment import ENDED, State
from yimen_utilities.settling import settle
from yimen_utilities.store import Payment, Store

NUMBER = "0520100001"
BEHAVIOURS = ("answers", "lost_before", "lost_after", "late")
"""What happens to one call: answered; lost on its way there; lost on its way back; booked only after all is over."""


@dataclass
class Line:
    """The line to the power company, which is the real simulator: each call behaves as the next behaviour says."""

    books: Books
    behaviours: list[str] = field(default_factory=list)
    late: list[tuple[str, str, Any]] = field(default_factory=list)

    async def fetch(
        self, method: str, url: str, *, json: Any = None, headers: Mapping[str, str] | None = None, timeout: float = 10
    ) -> Answer:
        behaviour = self.behaviours.pop(0) if self.behaviours else "answers"
        if behaviour in ("lost_before", "late"):
            if behaviour == "late":
                self.late.append((method, url, json))
            raise Unknown("no answer")
        answer = await self.call(method, url, json)
        if behaviour == "lost_after":
            raise Unknown("no answer")
        return answer

    async def call(self, method: str, url: str, json: Any) -> Answer:
        """Make one call, whatever the line is like."""
        transport = httpx.ASGITransport(create_biller(self.books))
        async with httpx.AsyncClient(transport=transport, base_url="http://biller") as client:
            answer = await client.request(method, url.removeprefix(BASE), json=json)
        return Answer(answer.status_code, {}, answer.content)


class Lined(FakeHost):
    """A platform whose network is that line."""

    line: Line

    @property
    def network(self) -> Any:  # Any: the port's shape, not FakeHost's own network
        return self.line


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """An empty schema with the mini-app's tables."""
    server = os.environ["YIMEN_TEST_POSTGRES"].replace("+psycopg", "")
    name = f"reversal_{uuid.uuid4().hex}"
    address = make_conninfo(server, options=f"-c search_path={name}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        try:
            with psycopg.connect(address) as ours:
                for file in sorted(files("yimen_utilities").joinpath("migrations").iterdir(), key=lambda one: one.name):
                    ours.execute(file.read_bytes())
            yield address
        finally:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))


@dataclass
class Case:
    """A paid bill, on its way to the power company."""

    host: Lined
    books: Books
    store: Store
    address: str
    payment: Payment
    order: str

    async def try_again(self) -> State:
        """The event comes once more; where the payment then stands."""
        found = await self.store.payment(self.payment.id)
        assert found is not None
        try:
            return State((await settle(found, self.order, self.host, self.store)).state)
        except TryLater:  # the platform hands the event over again
            again = await self.store.payment(self.payment.id)
            assert again is not None
            return State(again.state)

    def deadline_passes(self) -> None:
        """Time goes by."""
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(
                "UPDATE bill_payment SET told_at = told_at - interval '1 hour' WHERE id = %s", (self.payment.id,)
            )

    def credited(self) -> bool:
        """Whether the power company holds the bill as paid by us."""
        made = self.books.collection(self.payment.id)
        return made is not None and made.outcome == "confirmed"

    def given_back(self) -> list[int]:
        """What was refunded, in fen."""
        return [refund.amount.fen for refund in self.host.refunds.values()]


async def case(address: str, *behaviours: str) -> Case:
    """One paid bill over such a line."""
    store = Store(address)
    books = Books(":memory:", lambda: dt.date(2026, 11, 21))
    bill = next(bill for bill in books.bills(NUMBER) if not bill.paid)
    host = Lined(Resident("ada", scopes=frozenset({"payments.order", "notices.send"})))
    host.line = Line(books, list(behaviours))
    id_ = f"bill_{uuid.uuid4().hex}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DELETE FROM bill_payment")
    payment = await store.begin(Payment(id_, "ada", NUMBER, bill.period, bill.fen, State.CREATED, None, ""))
    order = await host.payments.open_order("电费", payment.amount, reference=id_)
    host.settle(order.id)
    return Case(host, books, store, address, payment, order.id)


@pytest.fixture
async def closing() -> AsyncIterator[list[Case]]:
    """Closes the cases of a test."""
    opened: list[Case] = []
    yield opened
    for one in opened:
        await one.store.close()


@pytest.mark.parametrize("first", ["lost_before", "lost_after", "late"])
@pytest.mark.parametrize("reversal", ["answers", "lost_before", "lost_after", "late"])
async def test_silence_until_the_deadline_ends_in_one_refund(
    address: str, closing: list[Case], first: str, reversal: str
) -> None:
    one = await case(address, first, "lost_before", reversal)
    closing.append(one)

    before = await one.try_again()
    one.deadline_passes()
    undone = await one.try_again()
    while undone not in ENDED:
        undone = await one.try_again()
    for call in one.host.line.late:  # what was on its way arrives now, after the refund
        await one.host.line.call(*call)
    await one.try_again()

    assert (before, undone) == (State.UNCERTAIN, State.REVERSED)
    assert (one.credited(), one.given_back()) == (False, [one.payment.fen])


async def test_a_company_that_answers_in_the_end_is_believed(address: str, closing: list[Case]) -> None:
    one = await case(address, "lost_after")
    closing.append(one)

    first = await one.try_again()
    one.deadline_passes()
    then = await one.try_again()

    assert (first, then) == (State.UNCERTAIN, State.CONFIRMED)
    assert (one.credited(), one.given_back()) == (True, [])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    behaviours=st.lists(st.sampled_from(BEHAVIOURS), max_size=8),
    overdue_after=st.integers(0, 6),
)
def test_a_bill_is_credited_or_given_back_and_never_both(
    address: str, behaviours: list[str], overdue_after: int
) -> None:
    async def live() -> None:
        one = await case(address, *behaviours)
        try:
            for turn in range(20):
                if turn == overdue_after:
                    one.deadline_passes()
                if await one.try_again() in ENDED:
                    break
            for call in one.host.line.late:
                await one.host.line.call(*call)
            state = await one.try_again()

            assert state in ENDED
            assert (one.credited(), one.given_back()) in ((True, []), (False, [one.payment.fen]))
        finally:
            await one.store.close()

    asyncio.run(live())


async def test_a_reversal_itself_is_told_as_often_as_it_takes(address: str, closing: list[Case]) -> None:
    one = await case(address, "lost_after", "lost_before", "lost_before", "lost_after")
    closing.append(one)

    states = [await one.try_again()]
    one.deadline_passes()
    states += [await one.try_again() for _ in range(3)]

    assert states == [State.UNCERTAIN, State.REVERSING, State.REVERSING, State.REVERSED]
    assert one.given_back() == [one.payment.fen]
