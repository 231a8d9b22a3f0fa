"""What payments tell the world, written in the transaction that moves the money.

A mini-app, and its publisher's webhook endpoints, hear the SDK's events, about its own orders, under its own name for
the resident. The notice inbox hears
``yimen.notice.*``, which carry the resident's id and the words to fill in, and never leave the host.
"""

import datetime as dt
from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.outbox import Happening, publish
from yimen_host.core.services import Services
from yimen_host.payments.models import OrderRow, RefundRow
from yimen_host.payments.store import refunds
from yimen_host.payments.webhooks import telling

PAYMENT_SETTLED = "yimen.payment.settled"
ORDER_ENDED = "yimen.order.ended"
REFUND_ENDED = "yimen.refund.ended"
TOLD = (PAYMENT_SETTLED, ORDER_ENDED, REFUND_ENDED)
"""What a mini-app, and its publisher's webhook endpoints, can hear of."""
NOTICE_PAYMENT_SETTLED = "yimen.notice.payment_settled"
NOTICE_REFUND_SUCCEEDED = "yimen.notice.refund_succeeded"
NOTICE_MONEY_LATE = "yimen.notice.money_late"


async def payment_settled(session: AsyncSession, services: Services, order: OrderRow, now: dt.datetime) -> None:
    """An order was paid."""
    data = _common(services, order) | {"amount": _money(order.amount_fen, order.currency)}
    await _tell_app(session, services, PAYMENT_SETTLED, order, data, now)
    await _tell_inbox(session, services, NOTICE_PAYMENT_SETTLED, order, order.amount_fen, now)


async def order_ended(
    session: AsyncSession, services: Services, order: OrderRow, outcome: str, now: dt.datetime
) -> None:
    """An order ended unpaid: ``outcome`` is cancelled or expired."""
    await _tell_app(session, services, ORDER_ENDED, order, _common(services, order) | {"outcome": outcome}, now)


async def refund_ended(
    session: AsyncSession, services: Services, order: OrderRow, refund: RefundRow, outcome: str, now: dt.datetime
) -> None:
    """A refund ended: ``outcome`` is succeeded or failed. Late money given back is between us and the resident."""
    if not refund.late:
        data = _common(services, order) | {
            "refund_id": refund.id,
            "amount": _money(refund.amount_fen, refund.currency),
            "outcome": outcome,
        }
        before = 1 + await refunds.count_ended(session, order.id, but=refund.id)  # it was paid
        await _tell_app(session, services, REFUND_ENDED, order, data, now, before=before)
    if outcome == "succeeded":
        to_payer = refund.amount_fen - refund.coupon_fen
        await _tell_inbox(session, services, NOTICE_REFUND_SUCCEEDED, order, to_payer or refund.amount_fen, now)


async def money_late(session: AsyncSession, services: Services, order: OrderRow, fen: int, now: dt.datetime) -> None:
    """Money came that no open order waits for: the resident hears that it is being returned."""
    await _tell_inbox(session, services, NOTICE_MONEY_LATE, order, fen, now)


async def _tell_app(
    session: AsyncSession,
    services: Services,
    type_: str,
    order: OrderRow,
    data: Mapping[str, object],
    now: dt.datetime,
    *,
    before: int = 0,
) -> None:
    if order.app_id is None:
        return  # the platform's own order, such as a top-up
    happening = Happening(services.ids.new("evt"), type_, order.id, data, now)
    await publish(session, happening, to=[f"app:{order.app_id}"])
    await telling.tell(session, order.app_id, happening, told=TOLD, before=before)


async def _tell_inbox(
    session: AsyncSession, services: Services, type_: str, order: OrderRow, fen: int, now: dt.datetime
) -> None:
    data = {
        "resident_id": order.resident_id,
        "order_id": order.id,
        "app_id": order.app_id,
        "title": order.title,
        "payee": order.payee_title,
        "amount": _money(fen, order.currency),
        "path": f"/payments/{order.id}",
    }
    await publish(session, Happening(services.ids.new("evt"), type_, order.id, data, now), to=["notices"])


def _common(services: Services, order: OrderRow) -> dict[str, object]:
    assert order.app_id is not None or order.reference is None
    resident = services.keyring.pairwise(order.app_id or "", order.representee_id or order.resident_id)
    return {"order_id": order.id, "reference": order.reference, "resident": resident}


def _money(fen: int, currency: str) -> dict[str, object]:
    return {"fen": fen, "currency": currency}
