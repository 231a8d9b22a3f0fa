"""The ledger's queue: what waits to be written, and which accounts are being written now. Knows no database.

Two batches of one process never share an account, for the second would only wait for the locks of the first. Requests
of one account keep their order.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.errors import TryLater
from yimen_host.payments.decision import Decision
from yimen_host.payments.ledger.draft import Draft
from yimen_host.payments.ledger.rule import Outcome

MAX_QUEUE = 4096  # some tenths of a second of work; past that it is kinder to say "later" at once
MAX_BATCH = 512
"""Transactions of one commit; past a few hundred a batch gains nothing more and makes everyone in it wait."""
LEAST_SHARE = 32
"""Up to so many are not divided: what a batch costs, however small, would be paid twice."""
LEAST_BESIDE = 16
"""Fewer than so many do not start a second batch beside one under way: they wait for it, and more join them."""

Companion = Callable[[AsyncSession], Awaitable[Decision]]
"""Writes that belong to a posting, in its transaction: guards and events. Refusing undoes them and the posting."""


@dataclass(slots=True, eq=False)
class Waiting:
    """One request in the queue. ``touches`` names its accounts, or the transaction that it resolves."""

    draft: Draft
    fingerprint: str
    companion: Companion | None
    touches: tuple[str, ...]
    answer: "asyncio.Future[Outcome]"


class Queue:
    """Hands out batches to a number of takers."""

    def __init__(self, takers: int) -> None:
        self._line: deque[Waiting] = deque()
        self._idle = takers
        self._busy: set[str] = set()
        self._under_way = 0
        self._changed = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._line)

    def put(self, waiting: Waiting) -> None:
        """Queue a request. Raises TryLater when there are too many."""
        if len(self._line) >= MAX_QUEUE:
            raise TryLater("the ledger has more to write than it can hold")
        self._line.append(waiting)
        self._empty.clear()
        self._changed.set()

    async def take(self) -> list[Waiting]:
        """Wait for requests that may be written now; the taker calls ``done`` with them afterwards."""
        while True:
            await asyncio.sleep(0)  # those who were just answered may ask again at once: let them join
            if batch := self._pick():
                self._idle -= 1
                self._under_way += len(batch)
                return batch
            self._changed.clear()
            await self._changed.wait()

    def done(self, batch: Sequence[Waiting]) -> None:
        """Let go of the accounts of a batch that was written, or could not be."""
        self._idle += 1
        self._under_way -= len(batch)
        for waiting in batch:
            self._busy.difference_update(waiting.touches)
        self._changed.set()
        if not self._line and not self._under_way:
            self._empty.set()

    async def join(self) -> None:
        """Wait until nothing is queued and nothing is being written."""
        await self._empty.wait()

    def _pick(self) -> list[Waiting]:
        """Take this taker's share of the queue, and beyond it what touches the same accounts: nobody else could."""
        if self._under_way and len(self._line) < LEAST_BESIDE:
            return []
        share = max(LEAST_SHARE, -(-len(self._line) // self._idle))
        batch: list[Waiting] = []
        left: list[Waiting] = []
        touched: set[str] = set()
        blocked = set(self._busy)
        while self._line and len(batch) < MAX_BATCH and len(left) < MAX_BATCH:
            waiting = self._line.popleft()
            if not blocked.isdisjoint(waiting.touches):
                left.append(waiting)
                blocked.update(waiting.touches)  # nobody overtakes it at its other accounts
            elif len(batch) < share or not touched.isdisjoint(waiting.touches):
                batch.append(waiting)
                touched.update(waiting.touches)
            else:
                left.append(waiting)
        self._line.extendleft(reversed(left))
        self._busy |= touched
        return batch
