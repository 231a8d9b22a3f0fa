"""Payments by mandate: counted against the caps where the money is, in the transaction that makes the attempt."""

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.services import Services
from yimen_host.identity.mandates import store
from yimen_host.identity.mandates.errors import CapReached, MandateOver
from yimen_host.identity.mandates.mandate import State, month_of
from yimen_host.identity.mandates.models import MandateUseRow
from yimen_sdk.money import Money


async def take(
    session: AsyncSession, services: Services, mandate_id: str, *, order_id: str, attempt_id: str, fen: int
) -> None:
    """Count a payment and write it down for both. Raises MandateOver and CapReached; then nothing is counted."""
    now = services.clock.now()
    month = month_of(now)
    if not await store.take(session, mandate_id, month=month, fen=fen, now=now):
        raise await _refusal(session, mandate_id, fen, now)
    use = MandateUseRow(
        id=services.ids.new("use"),
        mandate_id=mandate_id,
        kind="paid",
        order_id=order_id,
        attempt_id=attempt_id,
        month=month,
        fen=fen,
        at=now,
    )
    await store.note_use(session, use)


async def give_back(session: AsyncSession, attempt_id: str, fen: int | None = None) -> None:
    """Free the cap of a payment that was not made, or of what a refund returned."""
    await store.give_back(session, attempt_id, fen)


async def _refusal(session: AsyncSession, mandate_id: str, fen: int, now: dt.datetime) -> MandateOver | CapReached:
    row = await store.find(session, mandate_id)
    if row is None or row.state != State.ACTIVE or not row.starts_at <= now < row.ends_at:
        return MandateOver("这份代办授权已经结束，不能再代付")
    if fen > row.payment_cap_fen:
        return CapReached("超过代办授权的单笔限额", cap=Money(row.payment_cap_fen).plain)
    return CapReached("超过代办授权的每月限额", cap=Money(row.month_cap_fen).plain)
