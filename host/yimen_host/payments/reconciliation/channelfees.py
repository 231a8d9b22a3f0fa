"""Books what channels keep of our money: each reconciled day's fees, as its bill has them and as was agreed.

What a bill charges beyond the agreed fee is a break, and is booked when that is ended.
"""

from dataclasses import dataclass
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.database import Database
from yimen_host.payments import chart
from yimen_host.payments.decision import GRANTED, Decision, Refused
from yimen_host.payments.ledger.draft import transfer
from yimen_host.payments.ledger.writer import Writer
from yimen_host.payments.reconciliation.models import RunRow
from yimen_host.payments.reconciliation.store import channelfees as store
from yimen_sdk.money import Money

AT_ONCE = 100  # days booked in one go


@dataclass(frozen=True)
class ChannelFees:
    """Everything that booking channels' fees needs."""

    database: Database
    ledger: Writer

    async def due(self) -> None:
        """Book what the runs have found and the ledger does not have yet; a day run again books the difference."""
        async with self.database.transaction() as session:
            waiting = await store.to_book(session, AT_ONCE)
        for run, booked, postings in waiting:
            if run.fees_fen != booked:
                await self._book(run, booked, postings)
                continue
            async with self.database.transaction() as session:
                await store.note_booked(session, run.source, run.day, fen=booked)

    async def _book(self, run: RunRow, booked: int, postings: int) -> None:
        """Post one difference. Its key counts the day's postings, so that two workers post it once."""
        more = run.fees_fen > booked
        expense, clearing = chart.channel_fees(run.source), chart.clearing(run.source)
        draft = transfer(
            f"fees:{run.source}:{run.day}:{postings}",
            f"{run.source}:{run.day}",
            debit=expense if more else clearing,
            credit=clearing if more else expense,
            amount=Money(abs(run.fees_fen - booked)),
        )
        await self.ledger.post(draft, partial(_count, run, postings))


async def _count(run: RunRow, postings: int, session: AsyncSession) -> Decision:
    counted = await store.count(session, run.source, run.day, fen=run.fees_fen, postings=postings)
    if not counted:
        return Refused("fees")
    await store.note_booked(session, run.source, run.day, fen=run.fees_fen)
    return GRANTED
