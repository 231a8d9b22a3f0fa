"""Pays part of an order with coupons: locked when an attempt begins, used when it settles, given back by refunds.

Everything here runs in the caller's transaction; the caller posts the legs that it is handed.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.services import Services
from yimen_host.payments import chart
from yimen_host.payments.coupons.campaigns import CampaignState
from yimen_host.payments.coupons.coupon import CouponEvent
from yimen_host.payments.coupons.eligibility import Eligibility, Merchant, NotEligible, Reason, Using, eligible
from yimen_host.payments.coupons.errors import CouponRefused
from yimen_host.payments.coupons.merchants import merchants_of
from yimen_host.payments.coupons.models import CampaignRow, CouponReturnRow, CouponRow, CouponShareRow
from yimen_host.payments.coupons.planning import terms_of
from yimen_host.payments.coupons.store import campaigns, coupons, shares
from yimen_host.payments.ledger.draft import Leg
from yimen_host.payments.models import AttemptRow, OrderRow, RefundRow
from yimen_sdk.money import Money
from yimen_sdk.split import in_proportion

MAX_COUPONS = 4  # of one order: three legs each still fit a posting


class Destination(StrEnum):
    """Where a refund's part of a coupon goes."""

    COUPON = "coupon"
    """It waits for the coupon, which is its holder's again once the whole order is refunded."""
    BUDGET = "budget"
    """The campaign may promise it again."""
    TREASURY = "treasury"
    """The campaign was settled before: it goes where the rest of the budget went."""


@dataclass(frozen=True)
class CouponChoice:
    """The coupons that somebody wants to pay with. ``person`` is whose they must be."""

    ids: tuple[str, ...] = ()
    person: str = ""


NO_COUPONS = CouponChoice()


@dataclass(frozen=True)
class Chosen:
    """Coupons that pay part of an order, in the order they apply."""

    merchants: tuple[Merchant, ...]
    coupons: tuple[tuple[CouponRow, CampaignRow], ...] = ()

    @property
    def fen(self) -> int:
        """What they pay together."""
        return sum(campaign.face_fen for _, campaign in self.coupons)


@dataclass(frozen=True)
class Redemption:
    """Everything that using coupons needs."""

    services: Services

    async def choose(self, session: AsyncSession, order: OrderRow, coupon_ids: Sequence[str]) -> Chosen:
        """Judge coupons for an order, those worth most first. Raises CouponRefused with the first reason."""
        chosen = Chosen(await merchants_of(session, order))
        if len(set(coupon_ids)) > MAX_COUPONS:
            raise CouponRefused(coupon_ids[0], Reason.NOTHING_LEFT)
        found = [await self._coupon(session, coupon_id) for coupon_id in sorted(set(coupon_ids))]
        for coupon, campaign in sorted(found, key=lambda pair: -pair[1].face_fen):
            verdict = self.judge(order, chosen, coupon, campaign)
            if isinstance(verdict, NotEligible):
                raise CouponRefused(coupon.id, verdict.reason)
            chosen = Chosen(chosen.merchants, (*chosen.coupons, (coupon, campaign)))
        return chosen

    def judge(self, order: OrderRow, chosen: Chosen, coupon: CouponRow, campaign: CampaignRow) -> Eligibility:
        """Whether a coupon may pay part of an order beside those chosen before."""
        if order.app_id is None:
            return NotEligible(Reason.OTHER_MERCHANT)  # a wallet cannot be filled with coupons
        if coupon.stack_group in {other.stack_group for other, _ in chosen.coupons}:
            return NotEligible(Reason.NOTHING_LEFT)
        use = Using(
            state=coupon.state,
            for_this_order=coupon.order_id == order.id,
            merchants=chosen.merchants,
            amount=Money(order.amount_fen, order.currency),
            left=Money(order.amount_fen - chosen.fen, order.currency),
            now=self.services.clock.now(),
        )
        return eligible(terms_of(campaign), use)

    async def lock(
        self, session: AsyncSession, order: OrderRow, attempt: AttemptRow, chosen: Chosen, person: str
    ) -> None:
        """Lock the chosen coupons to the order for an attempt, and let go of others. Raises CouponRefused.

        The caller holds the order's row.
        """
        now = self.services.clock.now()
        await coupons.release(session, order.id, but={coupon.id for coupon, _ in chosen.coupons}, now=now)
        for coupon, _ in chosen.coupons:
            if not person or not await coupons.lock(session, coupon.id, person=person, order_id=order.id, now=now):
                raise CouponRefused(coupon.id, Reason.NOT_IN_HAND)
        await shares.add(
            session,
            [
                CouponShareRow(
                    attempt_id=attempt.id,
                    coupon_id=coupon.id,
                    campaign_id=campaign.id,
                    fen=campaign.face_fen,
                    order_fen=order.amount_fen,
                    region=coupon.region,
                    merchant_class=chosen.merchants[0].kind,
                )
                for coupon, campaign in chosen.coupons
            ],
        )

    async def legs(self, attempt: AttemptRow) -> list[Leg]:
        """What coupons bring to the payment of an attempt, as legs; the same each time."""
        async with self.services.database.transaction() as session:
            rows = await shares.of_attempt(session, attempt.id)
        return [leg for row in rows for leg in _legs(row.campaign_id, chart.committed(row.campaign_id), row.fen)]

    async def use(self, session: AsyncSession, attempt: AttemptRow, now: dt.datetime) -> bool:
        """Use the coupons of an attempt that settles; say whether all of them were locked for it."""
        rows = await shares.of_attempt(session, attempt.id)
        if not rows:
            return True
        used = await coupons.use(session, [row.coupon_id for row in rows], order_id=attempt.order_id, now=now)
        await shares.settle(session, attempt.id, now)
        return used == len(rows)

    async def release(self, session: AsyncSession, order_id: str) -> None:
        """Give back the coupons of an order that came to nothing."""
        await coupons.release(session, order_id, now=self.services.clock.now())

    async def returns(
        self, session: AsyncSession, order: OrderRow, attempt: AttemptRow, refund: RefundRow, *, payer_left: int
    ) -> list[CouponReturnRow]:
        """Divide a refund over what the payer and the coupons have left in the order, by the largest remainder.

        The caller holds the order's row.
        """
        rows = await shares.of_attempt(session, attempt.id)
        if not rows:
            return []
        left = [payer_left, *(row.fen - row.returned_fen for row in rows)]
        _, *parts = in_proportion(refund.amount_fen, left)
        found = await campaigns.several(session, {row.campaign_id for row in rows})
        return [
            CouponReturnRow(
                refund_id=refund.id,
                coupon_id=row.coupon_id,
                attempt_id=attempt.id,
                campaign_id=row.campaign_id,
                fen=fen,
                destination=self._destination(found[row.campaign_id]),
            )
            for row, fen in zip(rows, parts, strict=True)
            if fen
        ]

    async def return_legs(self, refund: RefundRow) -> list[Leg]:
        """What a refund gives back to campaigns, as legs; the same each time."""
        if not refund.coupon_fen:
            return []
        async with self.services.database.transaction() as session:
            rows = await shares.of_refund(session, refund.id)
        return [leg for row in rows for leg in _legs(row.campaign_id, _account(row), -row.fen)]

    async def returned(self, session: AsyncSession, order: OrderRow, refund: RefundRow, now: dt.datetime) -> bool:
        """A refund succeeded: keep what it brought back, and when the order is refunded whole, give its coupons back.

        The caller has counted the refund, so it holds the order's row. Say whether every coupon was used for it.
        """
        if refund.coupon_fen:
            for part in await shares.of_refund(session, refund.id):
                if part.destination == Destination.COUPON:
                    await shares.keep(session, part)
        if order.refunded_fen < order.amount_fen:
            return True
        whole = [row for row in await shares.of_attempt(session, refund.attempt_id) if row.kept_fen == row.fen]
        if not whole:
            return True
        back = [row.coupon_id for row in whole]
        return await shares.take_kept(session, whole) and await coupons.end(
            session, back, CouponEvent.GIVE_BACK, now
        ) == len(back)

    async def not_returned(self, session: AsyncSession, refund: RefundRow) -> None:
        """A refund failed: what it had reserved of the coupons' shares is free again."""
        if refund.coupon_fen:
            for row in await shares.of_refund(session, refund.id):
                await shares.leave(session, row)

    def _destination(self, campaign: CampaignRow) -> Destination:
        if self.services.clock.now() < campaign.use_until:
            return Destination.COUPON
        return Destination.TREASURY if campaign.state == CampaignState.SETTLED else Destination.BUDGET

    async def _coupon(self, session: AsyncSession, coupon_id: str) -> tuple[CouponRow, CampaignRow]:
        coupon = await coupons.find(session, coupon_id)
        campaign = await campaigns.find(session, coupon.campaign_id) if coupon else None
        if coupon is None or campaign is None:
            raise CouponRefused(coupon_id, Reason.NOT_IN_HAND)
        return coupon, campaign


def _legs(campaign_id: str, source: str, fen: int) -> Collection[Leg]:
    """``fen`` leave an account of the campaign and count as spent; below zero, the other way round."""
    amount = Money(fen)
    return (
        Leg(source, -amount),
        Leg(chart.spent(campaign_id), amount),
        Leg(chart.cost(campaign_id), -amount),
    )


def _account(row: CouponReturnRow) -> str:
    accounts = {
        Destination.COUPON: chart.committed,
        Destination.BUDGET: chart.budget,
        Destination.TREASURY: chart.treasury,
    }
    return accounts[Destination(row.destination)](row.campaign_id)
