"""Gives coupons out: an actor that takes the clicks that are queued, writes them with one statement, then answers.

The coupons of a batch and one ledger posting for all of them are one commit. Several processes may each run one: the
lock of the campaign's budget account lets one batch at a time through. Once the stock is out a click is answered here,
without a database: stock never comes back.
"""

import asyncio
import datetime as dt
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from yimen_host.core.services import Services
from yimen_host.core.tasks import stopped
from yimen_host.payments import chart
from yimen_host.payments.coupons.answers import TRY_LATER, AlreadyClaimed, Answer, Memory, Won
from yimen_host.payments.coupons.eligibility import NotEligible, Reason
from yimen_host.payments.coupons.store import claims as store
from yimen_host.payments.coupons.store.claims import Given, Row
from yimen_host.payments.ledger.batch import Rows, Scribe
from yimen_host.payments.ledger.draft import Draft, transfer
from yimen_host.payments.ledger.rule import Refusal
from yimen_host.payments.ledger.wire import Wire
from yimen_sdk.money import Money
from yimen_sdk.pages import CHINA

MAX_QUEUE = 8192  # clicks; some tenths of a second of work, past which "later" is the kinder answer
MAX_BATCH = 1024  # clicks of one commit: what it costs whatever its size is shared by them
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Click:
    """A person wants a coupon of a campaign worth ``face``: the row that it becomes. Judged eligible before."""

    campaign_id: str
    face: Money
    row: Row


@dataclass(slots=True, eq=False)
class _Waiting:
    click: Click
    answer: "asyncio.Future[Answer]"


class Claims:
    """Takes clicks and answers them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._scribe = Scribe(services.clock)
        self._line: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._memory = Memory(self._today)

    async def start(self) -> None:
        """Begin to take clicks."""
        self._task = asyncio.create_task(self._work(), name="coupons")

    async def stop(self) -> None:
        """Answer what is queued, then end."""
        await self._idle.wait()
        task, self._task = self._task, None
        await stopped(task)

    async def claim(self, click: Click) -> Answer:
        """Answer a click after its commit, or at once where nothing is left to ask."""
        known = self._memory.answer(click.campaign_id, click.row.person, click.row.slot)
        if known is not None:
            return known
        if len(self._line) >= MAX_QUEUE:
            return TRY_LATER
        waiting = _Waiting(click, asyncio.get_running_loop().create_future())
        if not self._line:
            self._idle.clear()
            self._arrived.set()
        self._line.append(waiting)
        return await waiting.answer

    async def _work(self) -> None:
        async with Wire(self._services.database, prepare=store.PREPARE) as wire:
            while True:
                batch = await self._take()
                try:
                    await self._write(await wire.connection(), batch)
                except (DBAPIError, psycopg.Error, OSError, TimeoutError) as error:
                    _log.warning("a batch of %d claims was not written: %s", len(batch), error)
                    await wire.close()
                    _tell(batch, TRY_LATER)  # the same click later finds what was committed
                except Exception as error:  # noqa: BLE001 - the actor's outermost edge: the callers get it, the actor lives
                    await wire.close()
                    _fail(batch, error)

    async def _take(self) -> list[_Waiting]:
        """Wait for clicks and take those of one campaign; the others keep their place."""
        while True:
            if len(self._line) < MAX_BATCH:
                await asyncio.sleep(0)  # those who were just answered may click again at once: let them join
            if self._line and (batch := self._pick()):
                return batch
            if not self._line:
                self._idle.set()
                self._arrived.clear()
                await self._arrived.wait()

    def _pick(self) -> list[_Waiting]:
        campaign_id = self._line[0].click.campaign_id
        if (sold_out := self._memory.sold_out(campaign_id)) is not None:
            self._line, line = deque(), self._line
            _tell([w for w in line if w.click.campaign_id == campaign_id], sold_out)
            self._line.extend(w for w in line if w.click.campaign_id != campaign_id)
            return []
        batch: list[_Waiting] = []
        others: list[_Waiting] = []
        while self._line and len(batch) < MAX_BATCH and len(others) < MAX_BATCH:
            waiting = self._line.popleft()
            (batch if waiting.click.campaign_id == campaign_id else others).append(waiting)
        self._line.extendleft(reversed(others))
        return batch

    async def _write(self, connection: AsyncConnection, batch: Sequence[_Waiting]) -> None:
        campaign_id, posting = batch[0].click.campaign_id, self._services.ids.new("cpn")
        places: dict[tuple[str, int], int] = {}
        rows: list[Row] = []
        at = []
        for waiting in batch:
            row = waiting.click.row
            place = places.setdefault((row.person, row.slot), len(rows))
            if place == len(rows):  # the same person twice in one batch is one row
                rows.append(row)
            at.append(place)
        given = await self._give(connection, batch[0].click, posting, rows)
        if given is None:
            _tell(batch, TRY_LATER)
            return
        self._note_what_is_left(campaign_id, given)
        answers: list[Answer] = [self._otherwise(campaign_id, given)] * len(rows)
        for place in given.new:
            answers[place] = Won(store.coupon_id(posting, place))
            self._memory.note_winner(campaign_id, rows[place].person, rows[place].slot, store.coupon_id(posting, place))
        for place, coupon_id in given.known.items():
            answers[place] = AlreadyClaimed(coupon_id)
        for waiting, place in zip(batch, at, strict=True):
            answer = answers[place]
            if not waiting.answer.done():
                waiting.answer.set_result(answer)
            if isinstance(answer, Won):  # whoever clicked twice has it already the second time
                answers[place] = AlreadyClaimed(answer.coupon_id)

    async def _give(self, connection: AsyncConnection, first: Click, posting: str, rows: Sequence[Row]) -> Given | None:
        campaign_id, face = first.campaign_id, first.face
        budget, committed = chart.budget(campaign_id), chart.committed(campaign_id)
        given: list[Given] = []

        def decide(answered: Rows) -> Draft | None:
            given.append(store.read(answered))
            if not (count := len(given[0].new)):
                return None
            return transfer(posting, campaign_id, debit=budget, credit=committed, amount=face * count)

        outcome = await self._scribe.write_beside(
            connection,
            key=posting,
            currencies={budget: face.currency, committed: face.currency},
            statement=store.statement(
                campaign_id, rows, posting=posting, now=self._services.clock.now(), day=self._today()
            ),
            decide=decide,
        )
        if isinstance(outcome, Refusal):
            _log.error("campaign %s cannot give out coupons: %s", campaign_id, outcome.detail)
            return None
        return given[0]

    def _note_what_is_left(self, campaign_id: str, given: Given) -> None:
        if given.exhausted:
            self._memory.note_sold_out(campaign_id, today=False)
        elif given.open and given.left <= len(given.new):
            self._memory.note_sold_out(campaign_id, today=True)

    def _otherwise(self, campaign_id: str, given: Given) -> Answer:
        if not given.open:
            return NotEligible(Reason.NOT_RUNNING)
        return self._memory.sold_out(campaign_id) or NotEligible(Reason.LIMIT)

    def _today(self) -> dt.date:
        return self._services.clock.now().astimezone(CHINA).date()


def _tell(batch: Sequence[_Waiting], answer: Answer) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_result(answer)


def _fail(batch: Sequence[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
