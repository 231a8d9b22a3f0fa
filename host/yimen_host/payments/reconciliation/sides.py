"""The three sides of a break's order beside each other: what the channel, the ledger and the biller have of it."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.payments.reconciliation.kinds import BreakKind
from yimen_host.payments.reconciliation.models import DONE, BreakRow
from yimen_host.payments.reconciliation.running import Reconciling
from yimen_host.payments.reconciliation.sources import biller_app, biller_source
from yimen_host.payments.reconciliation.store import breaks, sides
from yimen_host.payments.reconciliation.store.sides import Paid
from yimen_sdk.money import Money
from yimen_sdk.pages import CHINA


class Verdict(StrEnum):
    """What is known of a side."""

    AGREES = "agrees"
    """Its day was compared, and it has just what the ledger has."""
    BREAK = "break"
    """It differs: ``Side.kind`` says how."""
    WAITS = "waits"
    """Its day was not compared yet."""
    NO_BOOKS = "no_books"
    """Nobody outside keeps books of it: a wallet, or a mini-app without a biller."""


@dataclass(frozen=True)
class Side:
    """One side. ``amount`` is what it has, as far as it was told."""

    verdict: Verdict
    amount: Money | None = None
    kind: BreakKind | None = None


@dataclass(frozen=True)
class Sides:
    """An order as three parties have it. ``ledger`` is what its merchants got, ``refunded`` what went back."""

    order_id: str
    channel: Side
    ledger: Money
    refunded: Money
    biller: Side


async def sides_of(reconciling: Reconciling, row: BreakRow) -> Sides | None:
    """The three sides of the order that a break is about; None: it is about none that was paid."""
    async with reconciling.services.database.transaction() as session:
        app_id = biller_app(row.source)
        if app_id is None:
            paid = await sides.by_number(session, row.ref)
        else:
            paid = await sides.by_reference(session, app_id, row.ref)
        if paid is None:
            return None
        channel = await _side(reconciling, session, paid.channel, paid.attempt_id, paid, paid.channel_fen)
        source = biller_source(paid.app_id or "")
        biller = await _side(reconciling, session, source, paid.reference, paid, paid.ledger_fen)
    return Sides(paid.order_id, channel, Money(paid.ledger_fen), Money(paid.refunded_fen), biller)


async def _side(
    reconciling: Reconciling, session: AsyncSession, source: str, ref: str, paid: Paid, agreed: int
) -> Side:
    if source not in {one.id for one in reconciling.sources()}:
        return Side(Verdict.NO_BOOKS)
    found = await breaks.newest_of(session, source, ref)
    if found is not None:
        told = None if found.theirs_fen is None else Money(found.theirs_fen)
        return Side(Verdict.BREAK, told, BreakKind(found.kind))
    run = await breaks.run_of(session, source, _day(paid.ended_at))
    if run is None or run.state != DONE:
        return Side(Verdict.WAITS)
    return Side(Verdict.AGREES, Money(agreed))


def _day(at: dt.datetime) -> dt.date:
    return at.astimezone(CHINA).date()
