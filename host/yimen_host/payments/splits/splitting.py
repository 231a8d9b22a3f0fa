"""Divides orders and refunds among merchants, in the caller's transaction; the caller posts the legs it is handed."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.database import Database
from yimen_host.core.errors import Invalid
from yimen_host.payments import chart
from yimen_host.payments.errors import NotRefundable
from yimen_host.payments.ledger.draft import Leg
from yimen_host.payments.merchants import store as merchants
from yimen_host.payments.merchants.names import code_of, merchant_id
from yimen_host.payments.models import OrderRow, RefundRow
from yimen_host.payments.splits import store
from yimen_host.payments.splits.models import OrderPartRow, RefundPartRow
from yimen_sdk.money import Money
from yimen_sdk.split import SELF, Part, fault, taken_back


@dataclass(frozen=True)
class Splitting:
    """Everything that dividing money among merchants needs."""

    database: Database

    async def divide(self, session: AsyncSession, order: OrderRow, parts: Sequence[Part]) -> None:
        """Write down how a new order is divided. Raises Invalid for a merchant that was never approved."""
        if not parts:
            return
        assert order.app_id is not None
        named = {merchant_id(order.app_id, part.merchant) for part in parts if part.merchant != SELF}
        unknown = named - (await merchants.several(session, named)).keys()
        if unknown:
            told = ", ".join(sorted(map(code_of, unknown)))
            raise Invalid("the order is not complete", {"split": f"approved merchants of yours, which {told} is not"})
        rows = [
            OrderPartRow(
                order_id=order.id,
                merchant_id=merchant_id(order.app_id, part.merchant),
                place=place,
                fen=part.amount.fen,
            )
            for place, part in enumerate(parts)
        ]
        await store.add(session, rows)

    async def parts(self, session: AsyncSession, order: OrderRow) -> tuple[Part, ...]:
        """How an order is divided; not at all, as most are."""
        return _told(await store.of_order(session, order.id), order.currency) if order.split else ()

    async def legs(self, order: OrderRow) -> list[Leg]:
        """What an order brings to whoever is paid, as legs; the same each time."""
        if not order.split:
            return [Leg(order.payee, Money(order.amount_fen, order.currency))]
        async with self.database.transaction() as session:
            rows = await store.of_order(session, order.id)
        return [Leg(chart.merchant_payable(row.merchant_id), Money(row.fen, order.currency)) for row in rows]

    async def take_back(
        self, session: AsyncSession, order: OrderRow, refund: RefundRow, named: Sequence[Part] = ()
    ) -> None:
        """Reserve what a refund takes from each merchant: as ``named``, else in proportion to what each has left.

        The caller holds the order's row. Raises Invalid, and NotRefundable when one of them has less.
        """
        wrong = fault(named, Money(refund.amount_fen, refund.currency))
        if wrong or (named and not order.split):
            raise Invalid("the refund is not complete", {"split": wrong or "only where the order is split"})
        if not order.split:
            return
        left = {row.merchant_id: row.fen - row.reserved_fen for row in await store.of_order(session, order.id)}
        assert order.app_id is not None
        asked = {merchant_id(order.app_id, part.merchant): part.amount.fen for part in named}
        short = [merchant for merchant, fen in asked.items() if fen > left.get(merchant, 0)]
        if short:
            raise NotRefundable(order.id, left.get(short[0], 0))
        taken = await store.take_back(session, refund.id, order.id, asked or taken_back(refund.amount_fen, left))
        assert taken, "the order's row is held, so nobody else took of its parts"

    async def return_legs(self, order: OrderRow, refund: RefundRow) -> list[Leg]:
        """What a refund takes from whoever was paid, as legs; the same each time."""
        if not order.split:
            return [Leg(order.payee, -Money(refund.amount_fen, refund.currency))]
        async with self.database.transaction() as session:
            rows = await store.of_refund(session, refund.id)
        return [Leg(chart.merchant_payable(row.merchant_id), -Money(row.fen, refund.currency)) for row in rows]

    async def not_returned(self, session: AsyncSession, order: OrderRow, refund: RefundRow) -> None:
        """A refund failed: what it had reserved of each merchant's part is free again."""
        if order.split:
            await store.leave(session, refund.id)

    async def same(self, session: AsyncSession, refund: RefundRow, named: Sequence[Part]) -> bool:
        """Whether a refund that is asked for again was asked for like this."""
        if not named:
            return True
        return set(_told(await store.of_refund(session, refund.id), refund.currency)) == set(named)


def _told(rows: Sequence[OrderPartRow] | Sequence[RefundPartRow], currency: str) -> tuple[Part, ...]:
    return tuple(Part(code_of(row.merchant_id), Money(row.fen, currency)) for row in rows)
