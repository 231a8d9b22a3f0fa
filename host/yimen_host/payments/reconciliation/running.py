"""Runs the reconciliation of a channel's or a biller's day: once by the clock, and again whenever somebody asks."""

import asyncio
import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.services import Services
from yimen_host.payments.channels.asking import streamed
from yimen_host.payments.channels.channel import ChannelSilent, NoStatement, PaymentChannel
from yimen_host.payments.reconciliation import matching
from yimen_host.payments.reconciliation.billerfile import BillerFile
from yimen_host.payments.reconciliation.breaks import BreakState
from yimen_host.payments.reconciliation.errors import NoBill
from yimen_host.payments.reconciliation.matching import Difference
from yimen_host.payments.reconciliation.models import DONE, QUIET, SILENT, BreakRow, RunRow
from yimen_host.payments.reconciliation.sources import CURRENCY, BillerSource, ChannelSource, Source
from yimen_host.payments.reconciliation.store import breaks as store
from yimen_host.payments.reconciliation.store import staging
from yimen_sdk.bilingual import Bilingual
from yimen_sdk.pages import CHINA

READY = dt.time(10)
"""When yesterday's bills are there: WeChat Pay makes them by nine and asks for an hour's grace."""
CATCH_UP_DAYS = 3  # how far back the clock looks for a day that no run has finished
RUN_SECONDS = 900.0  # of one bill, its download included
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reconciling:
    """Everything that comparing a day needs."""

    services: Services
    channels: Mapping[str, PaymentChannel]
    billers: Mapping[str, BillerFile] = field(default_factory=dict)
    """By the mini-app behind which they stand."""

    def sources(self) -> list[Source]:
        """The channels that have a bill, and the billers."""
        billing = [channel for channel in self.channels.values() if channel.capabilities.statement]
        return [
            *(ChannelSource(channel) for channel in billing),
            *(BillerSource(app_id, file) for app_id, file in self.billers.items()),
        ]

    def title(self, source: str) -> Bilingual:
        """What people read of a source, also of one that is not there any more."""
        known = next((one.title for one in self.sources() if one.id == source), None)
        return known or self.channels[source].title

    def today(self) -> dt.date:
        """The civil day in China."""
        return self.services.clock.now().astimezone(CHINA).date()

    async def due(self) -> int:
        """Run what the clock says is due: each source's finished days that have no finished run. Say how many."""
        now = self.services.clock.now().astimezone(CHINA)
        newest = now.date() - dt.timedelta(days=1 if now.time() >= READY else 2)
        ran = 0
        for back in reversed(range(CATCH_UP_DAYS)):
            day = newest - dt.timedelta(days=back)
            for source in self.sources():
                async with self.services.database.transaction() as session:
                    before = await store.run_of(session, source.id, day)
                if before is None or before.state != DONE:
                    await self.run(source.id, day)
                    ran += 1
        return ran

    async def run(self, source_id: str, day: dt.date, *, by: str | None = None) -> RunRow:
        """Compare a source's lines of one civil day in China with our books. Again, it changes only what has changed.

        Raises NoBill where no source has that name, and for a day that is not over.
        """
        source = next((one for one in self.sources() if one.id == source_id), None)
        if source is None or day >= self.today():
            raise NoBill(source_id, day.isoformat())
        try:
            async with asyncio.timeout(RUN_SECONDS), self.services.database.transaction() as session:
                return await self._compare(session, source, day, by)
        except (ChannelSilent, TimeoutError, staging.TooManyLines) as error:
            _log.warning("no bill of %s for %s: %r", source_id, day, error)
            says_there_is_none = isinstance(error, NoStatement)
        async with self.services.database.transaction() as session:
            return await self._without_bill(session, source, day, by=by, says_there_is_none=says_there_is_none)

    async def _without_bill(
        self, session: AsyncSession, source: Source, day: dt.date, *, by: str | None, says_there_is_none: bool
    ) -> RunRow:
        """Note that there is no bill. What an earlier run was told stands, except against a clear word."""
        await store.one_at_a_time(session, source.id, day)
        before = await store.run_of(session, source.id, day)
        if before is not None and (before.state == DONE or not says_there_is_none):
            return before
        quiet = says_there_is_none and not await self._have_lines(session, source, day)
        run = RunRow(
            source=source.id, day=day, state=QUIET if quiet else SILENT, by=by, ran_at=self.services.clock.now()
        )
        await store.keep_run(session, run)
        return run

    async def _have_lines(self, session: AsyncSession, source: Source, day: dt.date) -> bool:
        """Whether our own books have anything of the day."""
        await staging.prepare(session)
        await source.take_in_ours(session, day, *_bounds(day))
        return await staging.has_ours(session)

    async def _compare(self, session: AsyncSession, source: Source, day: dt.date, by: str | None) -> RunRow:
        await store.one_at_a_time(session, source.id, day)
        await staging.prepare(session)
        await staging.take_in_theirs(session, streamed(source.statement(day)))
        await source.take_in_ours(session, day, *_bounds(day))
        found = await differences(session, source)
        now = self.services.clock.now()
        await store.keep(session, [self._row(source.id, day, one, now) for one in found])
        await store.end_vanished(session, source.id, day, found, now)
        await store.end_timing(session, source.id, [one.ref for one in found], now)
        totals = await staging.totals(session, source.terms)
        run = RunRow(
            source=source.id, day=day, state=DONE, breaks=len(found), breaks_fen=sum(one.fen for one in found),
            by=by, ran_at=now, **totals._asdict(),
        )  # fmt: skip
        await store.keep_run(session, run)
        return run

    def _row(self, source: str, day: dt.date, one: Difference, now: dt.datetime) -> BreakRow:
        return BreakRow(
            id=self.services.ids.new("brk"),
            source=source,
            day=day,
            kind=one.kind,
            way=one.way,
            ref=one.ref,
            channel_ref=one.channel_ref,
            ordinal=one.ordinal,
            currency=CURRENCY,
            ours_fen=one.ours_fen,
            theirs_fen=one.theirs_fen,
            difference_fen=one.fen,
            state=BreakState.OPEN,
            found_at=now,
        )


async def differences(session: AsyncSession, source: Source) -> list[Difference]:
    """What differs between the two sides that are staged in this transaction."""
    refs: Sequence[str] = await staging.differing(session, source.terms)
    ours, theirs = await staging.our_lines(session, refs), await staging.their_lines(session, refs)
    return matching.match(
        ours,
        theirs,
        source.terms,
        standings=await source.standings(session, refs),
        billed=await staging.billed(session, [line.channel_ref for line in ours]),
    )


def _bounds(day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    begin = dt.datetime.combine(day, dt.time(), CHINA)
    return begin, begin + dt.timedelta(days=1)
