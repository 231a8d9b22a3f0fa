"""A biller's daily file against the ledger: what it booked, missed, doubled or never undid is one break each."""

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from sqlalchemy import text
from tests.host.payments.conftest import PASSWORD, OnePassword, open_order
from tests.host.payments.reconciliation.conftest import FRIDAY

from yimen_host.core.clock import ManualClock
from yimen_host.core.services import Services
from yimen_host.payments import chart
from yimen_host.payments.channels.channel import ChannelSilent
from yimen_host.payments.channels.sandbox_bank.bank import BankState
from yimen_host.payments.demo import grant_demo_balance
from yimen_host.payments.facade import Payments
from yimen_host.payments.ledger import books as ledger_books
from yimen_host.payments.models import AttemptRow, OrderRow
from yimen_host.payments.reconciliation.billerfile import BillerFile
from yimen_host.payments.reconciliation.errors import BreakMoved
from yimen_host.payments.reconciliation.kinds import BreakKind
from yimen_host.payments.reconciliation.models import RunRow
from yimen_host.payments.reconciliation.sides import Side, Sides, Verdict, sides_of
from yimen_host.payments.reconciliation.store import breaks as store
from yimen_host.payments.store import orders
from yimen_sdk.money import Money, yuan
from yimen_sdk.pages import CHINA
from yimen_simulators.biller.books import Books
from yimen_simulators.biller.service import create_biller

BILLER = "biller_greeting"


@dataclass
class Counter:
    """Residents who pay their bills at the tea house, and the power company that books them."""

    payments: Payments
    books: Books
    company: httpx.AsyncClient
    clock: ManualClock
    bills: int = 0

    async def pay(self, *, booked: bool = True) -> tuple[OrderRow, int]:
        """Pay the next customer's newest bill: its order, and the amount in fen."""
        self.bills += 1
        number, sequence = f"0520100{self.bills:03}", f"bill-{self.bills}"
        bill = self.books.bills(number)[0]
        order = await open_order(self.payments, Money(bill.fen), reference=sequence)
        await self.payments.till.pay(order, channel="wallet", form_key="form", password=PASSWORD)
        if booked:
            assert self.books.collect(sequence, number, bill.period, bill.fen).outcome == "confirmed"
        return order, bill.fen

    async def give_back(self, order: OrderRow) -> None:
        """The whole of an order goes back to its resident."""
        async with self.payments.services.database.transaction() as session:
            fresh = await orders.find(session, order.id)
            assert fresh is not None
            whole = Money(fresh.amount_fen)
            refund = await self.payments.refunding.request(session, fresh, whole, reason="undone", key="k")
        await self.payments.refunding.proceed(refund.id)

    async def spoil(self, sequence: str, fault: str) -> None:
        """Spoil the file."""
        (await self.company.post("/_files", json={"sequence": sequence, "fault": fault})).raise_for_status()

    async def run(self, day: dt.date = FRIDAY) -> RunRow:
        """Compare a day."""
        return await self.payments.reconciling.run(BILLER, day)

    async def breaks(self, day: dt.date = FRIDAY) -> list[tuple[str, str, str, int]]:
        """Each break of a day: number, kind, which way, difference."""
        async with self.payments.services.database.transaction() as session:
            rows = await store.of_day(session, BILLER, day)
        return [(row.ref, row.kind, row.way, row.difference_fen) for row in rows]

    async def balance(self, code: str) -> int:
        """What an account holds."""
        async with self.payments.services.database.transaction() as session:
            return (await ledger_books.balance(session, code)).posted.fen


@pytest.fixture
def clock() -> ManualClock:
    """Friday noon in China."""
    return ManualClock(dt.datetime(2026, 11, 20, 4, tzinfo=dt.UTC))


@pytest.fixture
async def counter(services: Services, clock: ManualClock) -> AsyncIterator[Counter]:
    """Running payments that know where the power company leaves its files."""
    running = Payments(services, OnePassword())
    books = Books(":memory:", lambda: clock.now().astimezone(CHINA).date())
    transport = httpx.ASGITransport(create_biller(books))
    file = BillerFile("http://biller.test/files", transport)
    running.reconciling = type(running.reconciling)(services, running.channels, {"greeting": file})
    await running.start()
    await grant_demo_balance(running, "ada", yuan("10000.00"))
    yield Counter(running, books, httpx.AsyncClient(transport=transport, base_url="http://biller.test"), clock)
    await running.stop()


async def test_a_day_that_agrees_has_no_breaks(counter: Counter) -> None:
    _, first = await counter.pay()
    _, second = await counter.pay()
    rejected, _ = await counter.pay(booked=False)
    await counter.give_back(rejected)
    counter.clock.advance(days=1)

    ran = await counter.run()

    assert (ran.state, ran.lines_here, ran.lines_there, ran.ours_fen, ran.breaks) == ("done", 2, 2, first + second, 0)


async def test_each_difference_is_a_break_of_its_kind(counter: Counter) -> None:
    await counter.pay()
    (_, missing), (_, wrong), (_, twice), (undone, kept) = [await counter.pay() for _ in range(4)]
    never, _ = await counter.pay(booked=False)
    counter.books.reverse("bill-5")
    await counter.give_back(undone)
    for sequence, fault in (
        ("bill-2", "missing"), ("bill-3", "wrong_amount"), ("bill-4", "twice"), ("bill-5", "not_reversed"),
        ("extra", "twice"),
    ):  # fmt: skip
        await counter.spoil(sequence, fault)
    counter.clock.advance(days=1)

    ran = await counter.run()

    assert sorted(await counter.breaks()) == [
        ("bill-2", "missing_there", "payment", -missing),
        ("bill-3", "amount_differs", "payment", 100),
        ("bill-4", "duplicate_there", "payment", twice),
        ("bill-5", "reversed_here", "payment", kept),
        ("bill-6", "missing_there", "payment", -never.amount_fen),
        ("nobody-knows-it", "unknown_reference", "payment", 4321),
    ]
    assert ran.theirs_fen - ran.ours_fen == ran.breaks_fen
    assert wrong > 0


async def test_a_reversal_on_a_later_day_agrees_or_is_missed(counter: Counter) -> None:
    (undone, _), (kept, fen) = [await counter.pay() for _ in range(2)]
    counter.clock.advance(days=1)
    for sequence, order in (("bill-1", undone), ("bill-2", kept)):
        counter.books.reverse(sequence)
        await counter.give_back(order)
    await counter.spoil("bill-2", "missing")
    counter.clock.advance(days=1)

    await counter.run()
    await counter.run(FRIDAY + dt.timedelta(days=1))

    assert await counter.breaks(FRIDAY) == [("bill-2", "missing_there", "payment", -fen)]
    assert await counter.breaks(FRIDAY + dt.timedelta(days=1)) == [("bill-2", "missing_there", "refund", fen)]


async def test_a_break_ends_on_what_the_merchant_is_owed(counter: Counter) -> None:
    order, fen = await counter.pay()
    await counter.give_back(order)
    await counter.spoil("bill-1", "not_reversed")
    counter.books.reverse("bill-1")
    counter.clock.advance(days=1)
    await counter.run()
    (row,) = await counter.payments.resolving.page()

    with pytest.raises(BreakMoved):
        await counter.payments.resolving.take_in(row.id, by="admin")
    ended = await counter.payments.resolving.to_suspense(row.id, by="admin")

    assert (ended.state, ended.resolution) == ("resolved", "suspense")
    assert await counter.balance(chart.merchant_payable("greeting")) == fen
    assert await counter.balance(chart.suspense(BILLER)) == -fen
    async with counter.payments.services.database.transaction() as session:
        assert await ledger_books.audit(session) == []


@pytest.mark.parametrize(
    "content",
    [
        "",
        "not,a,file\ntotal,0,0\n",
        "sequence,kind,fen,number,period,booked_at\n",
        "sequence,kind,fen,number,period,booked_at\ns,collected,5,n,p,2026-11-20T12:00:00+08:00\ntotal,1,6\n",
        "sequence,kind,fen,number,period,booked_at\ns,collected,5,n,p,2026-11-20T12:00:00+08:00\ntotal,2,5\n",
        "sequence,kind,fen,number,period,booked_at\ns,gone,5,n,p,2026-11-20T12:00:00+08:00\ntotal,1,5\n",
        "sequence,kind,fen,number,period,booked_at\ns,collected,-5,n,p,2026-11-20T12:00:00+08:00\ntotal,1,-5\n",
        "sequence,kind,fen,number,period,booked_at\ntotal,0,0\ns,collected,5,n,p,2026-11-20T12:00:00+08:00\n",
        "sequence,kind,fen,number,period,booked_at\n" + "x" * 2000 + "\ntotal,1,5\n",
    ],
)
async def test_a_file_that_is_not_whole_is_no_file(content: str) -> None:
    file = BillerFile("http://biller.test/files", httpx.MockTransport(lambda _: httpx.Response(200, text=content)))

    with pytest.raises(ChannelSilent):
        _ = [line async for line in file.statement(FRIDAY)]


async def test_without_a_file_the_day_waits_and_the_clock_asks_again(counter: Counter) -> None:
    await counter.pay()
    counter.clock.advance(days=1)
    billers = counter.payments.reconciling.billers
    assert isinstance(billers, dict)
    file, absent = billers["greeting"], httpx.MockTransport(lambda _: httpx.Response(404))
    billers["greeting"] = BillerFile(file.address, absent)
    silent = await counter.run()
    billers["greeting"] = file

    await counter.payments.reconciling.due()

    async with counter.payments.services.database.transaction() as session:
        states = await session.scalars(text(f"SELECT state FROM reconciliation_run WHERE source = '{BILLER}'"))
        assert (silent.state, set(states)) == ("silent", {"done"})


async def test_a_break_shows_all_three_sides_of_its_order(counter: Counter) -> None:
    order, fen = await counter.pay()
    await counter.spoil("bill-1", "wrong_amount")
    counter.clock.advance(days=1)
    await counter.run()
    (row,) = await counter.payments.resolving.page()

    sides = await sides_of(counter.payments.reconciling, row)

    assert sides == Sides(
        order.id,
        channel=Side(Verdict.NO_BOOKS),  # it was paid from the wallet
        ledger=Money(fen),
        refunded=Money(0),
        biller=Side(Verdict.BREAK, Money(fen + 100), BreakKind.AMOUNT_DIFFERS),
    )


async def test_a_channels_break_shows_what_the_biller_has(counter: Counter) -> None:
    bill = counter.books.bills("0520100001")[0]
    order = await open_order(counter.payments, Money(bill.fen), reference="bill-1")
    attempt = await counter.payments.till.pay(order, channel="sandbox-bank", form_key="form", password=PASSWORD)
    assert isinstance(attempt, AttemptRow)
    assert counter.payments.bank is not None
    assert attempt.channel_ref is not None
    await counter.payments.bank.decide(attempt.channel_ref, BankState.PAID)
    await counter.payments.till.ask(attempt.id)
    counter.books.collect("bill-1", "0520100001", bill.period, bill.fen)
    counter.clock.advance(days=1)
    await counter.spoil("bill-1", "missing")
    await counter.run()
    (row,) = await counter.payments.resolving.page()
    before = await sides_of(counter.payments.reconciling, row)
    await counter.payments.reconciling.run("sandbox-bank", FRIDAY)

    after = await sides_of(counter.payments.reconciling, row)

    gone = Side(Verdict.BREAK, None, BreakKind.MISSING_THERE)
    assert before == Sides(order.id, Side(Verdict.WAITS), Money(bill.fen), Money(0), gone)
    assert after == Sides(order.id, Side(Verdict.AGREES, Money(bill.fen)), Money(bill.fen), Money(0), gone)
