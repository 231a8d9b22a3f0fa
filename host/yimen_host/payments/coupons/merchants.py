"""What campaigns ask about the merchants of an order, as the register of merchants has it: there is no other source."""

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.payments.coupons.eligibility import Merchant
from yimen_host.payments.coupons.terms import region_prefix
from yimen_host.payments.merchants import store as register
from yimen_host.payments.models import OrderRow
from yimen_host.payments.splits import store as splits

NOBODY = Merchant("")
"""One that was never approved: of no class, and serving nowhere."""


async def merchants_of(session: AsyncSession, order: OrderRow) -> tuple[Merchant, ...]:
    """The merchants that an order pays, whoever gets most of it first."""
    parts = await splits.of_order(session, order.id) if order.split else []
    ids = [part.merchant_id for part in sorted(parts, key=lambda part: (-part.fen, part.place))]
    ids = ids or [order.app_id or ""]
    found = await register.several(session, ids)
    return tuple(
        Merchant(found[id_].kind, tuple(map(region_prefix, found[id_].regions))) if id_ in found else NOBODY
        for id_ in ids
    )
