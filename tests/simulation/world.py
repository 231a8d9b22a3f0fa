"""One simulated host: its process, its bank, a publisher's server, and what was acknowledged to whom."""

import asyncio
import datetime as dt
import random
from collections.abc import Coroutine
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import httpx

from tests.host.payments.merchants.forms import approved
from tests.simulation.bank import Bank
from tests.simulation.payer import Payer
from tests.simulation.power import Power
from tests.simulation.reading import Reader
from tests.simulation.turns import Turns
from tests.simulation.utility import Utility
from yimen_host.core.clock import ManualClock
from yimen_host.core.database import Database
from yimen_host.core.keyring import Keyring, MasterKey
from yimen_host.core.services import Services
from yimen_host.payments.coupons.person import Person
from yimen_host.payments.coupons.terms import Terms
from yimen_host.payments.decision import GRANTED, Decision, Refused
from yimen_host.payments.facade import Payments
from yimen_host.payments.ledger.draft import transfer
from yimen_host.payments.merchants.names import merchant_id
from yimen_host.payments.models import OrderRow
from yimen_host.payments.ordering import NewOrder
from yimen_host.payments.reconciliation.models import BreakRow
from yimen_host.payments.reconciliation.resolving import takable
from yimen_host.payments.webhooks.endpoints import Endpoints
from yimen_host.payments.webhooks.sending import Sender
from yimen_host.settings import Settings
from yimen_sdk.money import Money
from yimen_sdk.split import SELF

PASSWORD = "135790"
START = 5_000  # fen in each wallet: too little for all that is asked
FACE = 500  # fen that a coupon pays, of an order of at least twice as much
STOCK = 2
FARMS = ("farm-1", "farm-2")
PROCESSES = 2  # of the host, or of the host and of jobs; what happens alone happens in the first
STEP_SECONDS = 20.0  # of real time: a step that takes longer hangs
SETTINGS = Settings(var=Path("var"), demo=False, connections={"shop.test": "http://shop.test"})
KEYRING = Keyring((MasterKey("k1", b"1" * 32),))

_process: ContextVar[int] = ContextVar("_process", default=0)
_chance: ContextVar[random.Random | None] = ContextVar("_chance", default=None)


class Hangs(Exception):
    """A step never ended: somebody would have waited for ever."""


class CountedIds:
    """Identifiers that are the same in every replay and sort in the order they were made."""

    def __init__(self, prefix: str) -> None:
        self._prefix, self._count = prefix, 0

    def new(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}_{self._prefix}{self._count:06}"


class OnePassword:
    """The payment password port, with one password for everybody."""

    async def verify(self, resident_id: str, typed: str) -> Decision:
        return GRANTED if typed == PASSWORD else Refused("wrong")


@dataclass
class Receiver:
    """A publisher's server that fails often, and keeps what it took."""

    chance: random.Random
    faulty: bool = True
    taken: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Take an event, or fail before or after taking it."""
        luck = self.chance.random() if self.faulty else 1.0
        if luck < 0.2:
            raise httpx.ReadTimeout("nothing came")
        if luck < 0.4:
            return httpx.Response(500)
        body = request.read()
        self.taken.append((request.headers["webhook-id"], body.decode()))
        if luck < 0.5:
            raise httpx.ReadError("the answer was lost")
        return httpx.Response(204)


@dataclass
class World:
    """What one seed makes."""

    seed: int
    database: Database
    reader: Reader
    power: Power
    clock: ManualClock = field(default_factory=ManualClock)
    trace: list[str] = field(default_factory=list)
    orders: dict[str, int] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    """Attempts of which somebody was told that they are paid."""
    refunds: dict[tuple[str, str], str] = field(default_factory=dict)
    """What a mini-app was told of its refunds: (order, key) to refund."""
    references: dict[str, tuple[str, NewOrder]] = field(default_factory=dict)
    """What was asked for under each number of the shop's, and for whom."""
    campaign: str | None = None
    coupons: dict[str, str] = field(default_factory=dict)
    """Coupons that residents were told they have, by resident."""
    merchants: tuple[str, ...] = ()
    """Among whom the shop's orders may be split, and who are paid; where there are none, nobody is."""
    meeting: OrderRow | None = None
    """The order that steps at one moment are mostly about."""
    helped: set[str] = field(default_factory=set)
    """Refunds that a person at the console saw to."""
    crashes: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self.name = f"h{self.seed:07}"  # of one length: no name begins another
        self.app_id = f"{self.name}-tea"
        self.reconciles = self.seed // 2 % 8 == 1  # of usual and of long histories
        chance = random.Random(self.seed + 1)
        self.bank = Bank(f"{self.name}bank", chance, self.power.go_far, self.clock.now, silent=self.reconciles)
        self.payer = Payer(f"{self.name}payer", random.Random(self.seed + 5), self.power.go_far)
        self.receiver = Receiver(random.Random(self.seed + 2))
        self.utility = Utility(self.name, random.Random(self.seed + 3), self.reader, self.power.go_far)
        self.apps = [self.app_id, self.utility.app_id]
        self.residents = [f"{self.name}-{who}" for who in ("ada", "bo", "cy")]
        self._order = random.Random(self.seed + 4)
        self._ids = CountedIds(f"{self.name}n")

    async def begin(self) -> None:
        """Start the process, fill the wallets, and let the publisher listen."""
        self.utility.begin()
        await self.start()
        for who in self.residents:
            draft = transfer(f"start:{who}", who, debit="grants:start", credit=f"wallet:{who}", amount=Money(START))
            await self.payments.ledger.post(draft)
        if self.seed % 2:
            self.campaign = await self._campaign()
        if self.seed % 3 != 1:
            self.merchants = (SELF, *FARMS)
            for code in self.merchants:
                await approved(self.payments, self.app_id, code, reserve_days="1")
        self.endpoint = (await Endpoints(self.services).add(self.app_id, "https://shop.test/hooks")).endpoint.id

    async def _campaign(self) -> str:
        """A campaign that two people approved: two coupons, one for each person."""
        soon, later = self.now + dt.timedelta(days=30), self.now + dt.timedelta(days=60)
        terms = Terms(
            title="消费券", department="商务厅", face=Money(FACE), threshold=Money(2 * FACE), stock=STOCK,
            budget=Money(STOCK * FACE), day_stock=None, per_person=1, resident_regions=(), merchant_regions=(),
            merchant_classes=(), stack_group="government", claim_from=self.now, claim_until=soon, use_from=self.now,
            use_until=later,
        )  # fmt: skip
        planning = self.payments.coupons.planning
        row = await planning.plan(terms, by="planner")
        for approver in ("first", "second"):
            await planning.approve(row.id, by=approver)
        await planning.start(row.id, by="planner")
        return row.id

    @property
    def merchant_ids(self) -> list[str]:
        """Of those among whom orders may be split."""
        return [merchant_id(self.app_id, code) for code in self.merchants]

    def person(self, resident: str) -> Person:
        """A resident as a natural person, verified, of no particular region."""
        return Person(resident, str(uuid5(NAMESPACE_OID, resident)), "520000")

    async def start(self) -> None:
        """Start a process on what the database holds."""
        self.services = Services(SETTINGS, self.database, KEYRING, self.clock, self._ids)
        self._processes = [
            Payments(self.services, OnePassword(), more_channels=[self.bank], payouts=self.payer)
            for _ in range(PROCESSES)
        ]
        self.sender = Sender(self.services, chance=lambda: 0.0, transport=httpx.MockTransport(self.receiver.answer))
        for process in self._processes:
            await process.start()

    @property
    def payments(self) -> Payments:
        """The payments of the process in which the present step happens."""
        return self._processes[_process.get()]

    async def do(self, step: Any, *, cut_at: int | None = None, before: bool = True) -> Any:  # Any: any step
        """Do a step of one process, which dies in it when its power is cut; the answer, or None when nobody got one."""
        if cut_at is not None:
            self.power.cut_at(cut_at, before=before)
        doing = asyncio.ensure_future(step)
        dying = asyncio.ensure_future(self.power.out.wait())
        await asyncio.wait({doing, dying}, return_when=asyncio.FIRST_COMPLETED, timeout=STEP_SECONDS)
        dying.cancel()
        if self.power.out.is_set():
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)
            if self.power.turns is None:
                await self._restart()
            return None
        if self.power.turns is None:
            self.power.restore()
        if not doing.done():
            doing.cancel()
            raise Hangs("a step did not end")
        return doing.result()

    @property
    def chance(self) -> random.Random:
        """What the present step draws from."""
        return _chance.get() or self._chance

    async def do_together(self, *steps: Coroutine[Any, Any, None], alike: bool) -> None:
        """Do steps at one moment, in any process; a cut ends them all. Those that are ``alike`` draw the same."""
        self.power.turns = turns = Turns(self._order, self.reader)
        seeds = [self._chance.random()] * len(steps) if alike else [self._chance.random() for _ in steps]
        async with turns.drawing():
            doing = [self._begin_somewhere(step, seed) for step, seed in zip(steps, seeds, strict=True)]
            ended = await asyncio.gather(*doing, return_exceptions=True)
        self.power.turns = None
        self.trace.append(f"  drawn of {turns.drawn}")
        if self.power.out.is_set():
            await self._restart()
        else:
            self.power.restore()
        for error in ended:
            if error is not None:
                raise error

    def _begin_somewhere(self, step: Coroutine[Any, Any, None], seed: float) -> asyncio.Task[None]:
        context = copy_context()
        context.run(_chance.set, random.Random(seed))
        context.run(_process.set, self._order.randrange(PROCESSES))
        return asyncio.create_task(step, context=context)

    async def end(self) -> None:
        """Stop in order; and nobody settles with its merchants in a later history."""
        self.rows("UPDATE merchant SET state = 'refused' WHERE id = ANY(%(ids)s)", ids=self.merchant_ids)
        for process in self._processes:
            await process.stop()
        await self.sender.close()
        await self.utility.stop()
        await self.database.close()  # the next history connects anew, as it does when it is replayed alone

    async def _restart(self) -> None:
        self.crashes += 1
        self.trace.append("  the process dies and starts again")
        writers = [task for task in asyncio.all_tasks() if task.get_name().startswith(("ledger-", "coupons"))]
        for task in writers:
            task.cancel()
        async with asyncio.timeout(STEP_SECONDS):
            await asyncio.gather(*writers, return_exceptions=True)
        await self.sender.close()
        await self.utility.stop()
        self.power.close_all()
        self.database.engine.sync_engine.dispose(close=False)  # what was compiled stays
        self.power.restore()
        await self.start()

    def rows(self, query: str, **values: object) -> list[Any]:  # Any: rows differ
        """Read what the database holds."""
        return self.reader.rows(query, values)

    def takable(self) -> list[str]:
        """The breaks that are payments of which only the bank's bill told us."""
        rows = self.rows(
            "SELECT * FROM reconciliation_break WHERE source = %(bank)s AND state IN ('open', 'assigned') ORDER BY id",
            bank=self.bank.id,
        )
        return [row.id for row in rows if takable(BreakRow(**row._asdict()))]

    def differences(self) -> int:
        """How often the bank's bills and our books differed."""
        query = "SELECT count(*) AS n FROM reconciliation_break WHERE source = %(bank)s"
        return int(self.rows(query, bank=self.bank.id)[0].n)

    def balance(self, code: str) -> int:
        """What is posted on an account, in fen."""
        found = self.rows("SELECT balance FROM ledger_account WHERE code = %(code)s", code=code)
        return int(found[0].balance) if found else 0

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.clock.advance(**span)

    @property
    def now(self) -> dt.datetime:
        """The simulated time."""
        return self.clock.now()
