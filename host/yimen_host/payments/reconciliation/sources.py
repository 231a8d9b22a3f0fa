"""What a day is reconciled against: a channel's bill, or a biller's file. Each knows which lines of ours are its."""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.payments import chart
from yimen_host.payments.channels.channel import PaymentChannel, StatementLine
from yimen_host.payments.fees import Fee
from yimen_host.payments.reconciliation.billerfile import BillerFile
from yimen_host.payments.reconciliation.lines import Standing, Terms
from yimen_host.payments.reconciliation.store import billers, staging
from yimen_sdk.bilingual import Bilingual
from yimen_sdk.money import Money

CURRENCY = Money(0).currency
_BILLER = "biller_"  # no mini-app's id holds a _, so a biller's source is never mistaken for another's


class Source(Protocol):
    """Somebody who keeps books of what is also in ours."""

    @property
    def id(self) -> str:
        """A stable word, part of accounts' names."""
        ...

    @property
    def title(self) -> Bilingual: ...

    @property
    def terms(self) -> Terms: ...

    def statement(self, day: dt.date) -> AsyncIterator[StatementLine]:
        """The lines of one civil day. Raises ChannelSilent."""
        ...

    async def take_in_ours(self, session: AsyncSession, day: dt.date, begin: dt.datetime, until: dt.datetime) -> None:
        """Stage our own lines of the day, with the ledger's figures."""
        ...

    async def standings(self, session: AsyncSession, refs: Sequence[str]) -> dict[str, Standing]:
        """What we know of these numbers, whatever day they are of."""
        ...


@dataclass(frozen=True)
class ChannelSource:
    """A payment channel and its daily bill."""

    channel: PaymentChannel

    @property
    def id(self) -> str:
        """The channel's own."""
        return self.channel.id

    @property
    def title(self) -> Bilingual:
        """The channel's own."""
        return self.channel.title

    @property
    def terms(self) -> Terms:
        """With the fee that was agreed with the channel, if any was."""
        can = self.channel.capabilities
        return Terms(CURRENCY, None if can.fee_bp is None else Fee(can.fee_bp, can.fee_least_fen, can.fee_most_fen))

    def statement(self, day: dt.date) -> AsyncIterator[StatementLine]:
        """The channel's bill."""
        return self.channel.statement(day)

    async def take_in_ours(self, session: AsyncSession, day: dt.date, begin: dt.datetime, until: dt.datetime) -> None:
        """The attempts and refunds at the channel that ended on the day."""
        await staging.take_in_ours(session, self.id, chart.clearing(self.id), day, begin=begin, until=until)

    async def standings(self, session: AsyncSession, refs: Sequence[str]) -> dict[str, Standing]:
        """What we know of attempts and refunds at the channel."""
        return await staging.standings(session, self.id, refs)


@dataclass(frozen=True)
class BillerSource:
    """A biller 收费单位 behind a mini-app, and its daily file."""

    app_id: str
    file: BillerFile

    @property
    def id(self) -> str:
        """Made of the mini-app's."""
        return biller_source(self.app_id)

    @property
    def title(self) -> Bilingual:
        """By the mini-app's id."""
        return Bilingual(zh=f"收费单位（{self.app_id}）", en=f"Biller ({self.app_id})")

    @property
    def terms(self) -> Terms:
        """A biller's file names no fees."""
        return Terms(CURRENCY, None)

    def statement(self, day: dt.date) -> AsyncIterator[StatementLine]:
        """The biller's file."""
        return self.file.statement(day)

    async def take_in_ours(self, session: AsyncSession, day: dt.date, begin: dt.datetime, until: dt.datetime) -> None:
        """What the mini-app's orders brought its merchant on the day, refunds taken off."""
        await billers.take_in_ours(session, chart.merchant_payable(self.app_id), begin=begin, until=until)

    async def standings(self, session: AsyncSession, refs: Sequence[str]) -> dict[str, Standing]:
        """What we know of the mini-app's orders by its own numbers."""
        return await billers.standings(session, self.app_id, refs)


def biller_source(app_id: str) -> str:
    """The source of the biller behind a mini-app."""
    return f"{_BILLER}{app_id}"


def biller_app(source: str) -> str | None:
    """The mini-app behind which a biller stands; None where the source is no biller."""
    return source.removeprefix(_BILLER) if source.startswith(_BILLER) else None


def moved(source: str, other: str, *, more: bool) -> tuple[str, str]:
    """Debit and credit that bring our books to a source's, which has more than ours, or less; ``other`` bears it.

    A channel holds money of ours: with more of it, clearing grows. A biller is owed: with more, its payable grows.
    """
    app_id = biller_app(source)
    if app_id is not None:
        payable = chart.merchant_payable(app_id)
        return (other, payable) if more else (payable, other)
    return (chart.clearing(source), other) if more else (other, chart.clearing(source))
