"""Ends breaks: somebody takes one up, books its money where it belongs, or two people agree to bear it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from yimen_host.core.services import Services
from yimen_host.payments import chart
from yimen_host.payments.attempts import AttemptState
from yimen_host.payments.channels.channel import Paid
from yimen_host.payments.decision import GRANTED, Decision, Refused
from yimen_host.payments.ledger.draft import Draft, transfer
from yimen_host.payments.ledger.queue import Companion
from yimen_host.payments.ledger.rule import Posted
from yimen_host.payments.ledger.writer import Writer
from yimen_host.payments.reconciliation.breaks import UNEXPLAINED, BreakEvent, Resolution
from yimen_host.payments.reconciliation.errors import BreakMoved, NoSuchBreak, SecondPersonNeeded
from yimen_host.payments.reconciliation.kinds import BreakKind
from yimen_host.payments.reconciliation.lines import Way
from yimen_host.payments.reconciliation.models import BreakRow, RunRow
from yimen_host.payments.reconciliation.sources import biller_app, moved
from yimen_host.payments.reconciliation.store import breaks as store
from yimen_host.payments.till import Till
from yimen_sdk.money import Money
from yimen_sdk.pages import CHINA

PAGE = 50  # breaks on one page
RUNS = 14  # runs on the first page
TAKABLE = (BreakKind.MISSING_HERE, BreakKind.STATE_DIFFERS)


@dataclass(frozen=True)
class Overview:
    """What the first page shows: the one number, how old its parts are, and the newest runs."""

    today: dt.date
    unexplained: Money
    by_day: list[tuple[dt.date, int, int]]
    runs: Sequence[RunRow]


@dataclass(frozen=True)
class Resolving:
    """Everything that ending a break needs."""

    services: Services
    ledger: Writer
    till: Till

    async def overview(self) -> Overview:
        """What is unexplained, and since when."""
        async with self.services.database.transaction() as session:
            return Overview(
                self.services.clock.now().astimezone(CHINA).date(),
                Money(await store.unexplained(session)),
                await store.waiting_by_day(session),
                await store.newest_runs(session, RUNS),
            )

    async def page(self, *, ended: bool = False, after: str | None = None) -> Sequence[BreakRow]:
        """A page of breaks."""
        async with self.services.database.transaction() as session:
            return await store.page(session, ended=ended, after=after, limit=PAGE)

    async def find(self, break_id: str) -> BreakRow:
        """A break as it stands now. Raises NoSuchBreak."""
        async with self.services.database.transaction() as session:
            row = await store.find(session, break_id)
        if row is None:
            raise NoSuchBreak(break_id)
        return row

    async def assign(self, break_id: str, *, to: str) -> BreakRow:
        """Make somebody answer for a break. Raises BreakMoved."""
        async with self.services.database.transaction() as session:
            if not await store.move(session, break_id, BreakEvent.ASSIGN, owner=to):
                raise BreakMoved(break_id)
        return await self.find(break_id)

    async def take_in(self, break_id: str, *, by: str) -> BreakRow:
        """Book a payment that the channel has and we have not: for its order, or as late money that goes back.

        Raises BreakMoved when the break is of another kind, or no such payment can be booked.
        """
        row = await self.find(break_id)
        if not takable(row) or row.state not in UNEXPLAINED:
            raise BreakMoved(break_id)
        attempt = await self.till.attempt(row.ref)
        assert row.theirs_fen is not None
        await self.till.booking.apply(attempt, Paid(Money(row.theirs_fen, row.currency), row.channel_ref))
        booked = await self.till.attempt(row.ref)
        if booked.state not in (AttemptState.SETTLED, AttemptState.LATE, AttemptState.REFUNDED):
            raise BreakMoved(break_id)
        async with self.services.database.transaction() as session:
            await self._end(session, break_id, Resolution.TAKEN_IN, by, f"take:{attempt.id}")
        return await self.find(break_id)

    async def to_suspense(self, break_id: str, *, by: str) -> BreakRow:
        """Move the difference between the account that was compared and the source's suspense. Raises BreakMoved."""
        row = await self.find(break_id)
        draft = self._draft(row, chart.suspense(row.source))
        return await self._post(row, draft, partial(self._suspend, row.id, by, draft.key))

    async def see(self, break_id: str, *, by: str) -> BreakRow:
        """End a break at which no money of ours is at stake. Raises BreakMoved."""
        async with self.services.database.transaction() as session:
            if not await self._end(session, break_id, Resolution.SEEN, by, None):
                raise BreakMoved(break_id)
        return await self.find(break_id)

    async def propose_write_off(self, break_id: str, *, by: str) -> BreakRow:
        """Ask a second person to agree to bear the difference. Raises BreakMoved."""
        async with self.services.database.transaction() as session:
            if not await store.propose(session, break_id, by):
                raise BreakMoved(break_id)
        return await self.find(break_id)

    async def write_off(self, break_id: str, *, by: str) -> BreakRow:
        """Agree to bear what another person proposed. Raises SecondPersonNeeded and BreakMoved."""
        row = await self.find(break_id)
        if row.proposer == by:
            raise SecondPersonNeeded(break_id)
        draft = self._draft(row, chart.loss(row.source))
        return await self._post(row, draft, partial(self._write_off, row.id, by, draft.key))

    def _draft(self, row: BreakRow, other: str) -> Draft:
        """The other side has so much more, or less, than we have booked: bring our books to where it is."""
        if row.difference_fen == 0 or row.state not in UNEXPLAINED:
            raise BreakMoved(row.id)
        debit, credit = moved(row.source, other, more=row.difference_fen > 0)
        return transfer(
            f"break:{row.id}",
            row.id,
            debit=debit,
            credit=credit,
            amount=Money(abs(row.difference_fen), row.currency),
        )

    async def _post(self, row: BreakRow, draft: Draft, companion: Companion) -> BreakRow:
        outcome = await self.ledger.post(draft, companion)
        if not isinstance(outcome, Posted):
            raise BreakMoved(row.id)
        return await self.find(row.id)

    async def _suspend(self, break_id: str, by: str, key: str, session: AsyncSession) -> Decision:
        ended = await self._end(session, break_id, Resolution.SUSPENSE, by, key)
        return GRANTED if ended else Refused("break")

    async def _write_off(self, break_id: str, by: str, key: str, session: AsyncSession) -> Decision:
        now = self.services.clock.now()
        moved = await store.move(
            session, break_id, BreakEvent.WRITE_OFF, col(BreakRow.proposer).is_not(None), col(BreakRow.proposer) != by,
            approver=by, resolution=Resolution.LOSS, posting_key=key, ended_at=now, ended_by=by,
        )  # fmt: skip
        return GRANTED if moved else Refused("break")

    async def _end(self, session: AsyncSession, break_id: str, how: Resolution, by: str, key: str | None) -> bool:
        """End a break; one of no money only as seen, and only that one."""
        nothing = col(BreakRow.difference_fen) == 0
        return await store.move(
            session, break_id, BreakEvent.RESOLVE, nothing if how is Resolution.SEEN else ~nothing,
            resolution=how, posting_key=key, ended_at=self.services.clock.now(), ended_by=by,
        )  # fmt: skip


def takable(row: BreakRow) -> bool:
    """Whether a break is a payment that can be booked after all."""
    takes = biller_app(row.source) is None and row.kind in TAKABLE and row.way == Way.PAYMENT
    return takes and row.difference_fen == row.theirs_fen
