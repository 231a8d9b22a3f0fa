"""Ends campaigns and coupons whose time is over, and takes back coupons that an operator names."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.errors import Invalid
from yimen_host.core.services import Services
from yimen_host.payments import chart
from yimen_host.payments.coupons.campaigns import CampaignState
from yimen_host.payments.coupons.coupon import CouponEvent
from yimen_host.payments.coupons.errors import CampaignMoved, CouponNotHeld
from yimen_host.payments.coupons.models import CampaignRow
from yimen_host.payments.coupons.planning import Planning
from yimen_host.payments.coupons.store import campaigns, coupons, shares
from yimen_host.payments.decision import GRANTED, Decision, Refused
from yimen_host.payments.ledger.draft import Draft, transfer
from yimen_host.payments.ledger.rule import Posted
from yimen_host.payments.ledger.writer import Writer
from yimen_sdk.money import Money

AT_ONCE = 100  # campaigns in one run
BATCH = 500  # coupons of one posting
MAX_REASON = 100


@dataclass(frozen=True)
class Expiry:
    """What the clock does with coupons. Each may run twice at once without harm."""

    services: Services
    ledger: Writer
    planning: Planning

    async def sweep(self) -> int:
        """End what is over; say how many campaigns, coupons and shares ended."""
        return await self.end_campaigns() + await self.expire_coupons() + await self.free_kept()

    async def end_campaigns(self) -> int:
        """End the campaigns whose time for claiming is over; say how many."""
        async with self.services.database.transaction() as session:
            over = await campaigns.over(session, self.services.clock.now(), AT_ONCE)
        ended = 0
        for campaign_id in over:
            try:
                await self.planning.end(campaign_id, by=None)
                ended += 1
            except CampaignMoved:
                continue  # somebody stopped it, or took the last coupon, a moment ago
        return ended

    async def expire_coupons(self) -> int:
        """Take coupons back that can be used no longer, and their money with them; say how many."""
        async with self.services.database.transaction() as session:
            found = await campaigns.with_overdue_coupons(session, self.services.clock.now(), AT_ONCE)
        return sum([await self._take_back(campaign) for campaign in found])

    async def free_kept(self) -> int:
        """Free what waited for coupons that come back no more; say of how many shares."""
        async with self.services.database.transaction() as session:
            found = await campaigns.with_overdue_shares(session, self.services.clock.now(), AT_ONCE)
        return sum([await self._free(campaign) for campaign in found])

    async def revoke(self, campaign_id: str, coupon_id: str, *, by: str, reason: str) -> None:
        """Take one coupon back for good, as after fraud, and write down who did it and why, in the same commit.

        Raises Invalid without a reason, and CouponNotHeld when it is no coupon of this campaign or nobody has it any
        more: one that is part of a payment or has paid is never taken.
        """
        if not 1 <= len(reason) <= MAX_REASON:
            raise Invalid("a reason is missing", {"reason": "请写明原因，1至100个字"})
        campaign = await self.planning.find(campaign_id)
        async with self.services.database.transaction() as session:
            coupon = await coupons.find(session, coupon_id)
        if coupon is None or coupon.campaign_id != campaign_id:
            raise CouponNotHeld(coupon_id)

        async def companion(session: AsyncSession) -> Decision:
            decision = await self._move([coupon_id], CouponEvent.REVOKE, session)
            if decision == GRANTED:
                await self.planning.note(session, campaign_id, CouponEvent.REVOKE, by, f"{coupon_id} {reason}")
            return decision

        outcome = await self.ledger.post(self._uncommitted(campaign, campaign.face_fen), companion)
        if not isinstance(outcome, Posted):
            raise CouponNotHeld(coupon_id)

    async def _take_back(self, campaign: CampaignRow) -> int:
        async with self.services.database.transaction() as session:
            batch = await coupons.in_hand(session, campaign.id, BATCH)
        if not batch or not await self._expire(campaign, batch):
            return 0
        return len(batch)

    async def _free(self, campaign: CampaignRow) -> int:
        async with self.services.database.transaction() as session:
            kept = await shares.keeping(session, campaign.id, BATCH)
        if not kept:
            return 0  # another worker was first
        draft = self._uncommitted(campaign, sum(row.kept_fen for row in kept))

        async def companion(session: AsyncSession) -> Decision:
            return GRANTED if await shares.take_kept(session, kept) else Refused("share")

        return len(kept) if isinstance(await self.ledger.post(draft, companion), Posted) else 0

    async def _expire(self, campaign: CampaignRow, coupon_ids: Sequence[str]) -> bool:
        """Expire coupons and free their money in one commit, or, when one of them has moved on, none."""
        draft = self._uncommitted(campaign, campaign.face_fen * len(coupon_ids))
        outcome = await self.ledger.post(draft, partial(self._move, coupon_ids, CouponEvent.EXPIRE))
        return isinstance(outcome, Posted)

    def _uncommitted(self, campaign: CampaignRow, fen: int) -> Draft:
        """What was committed may be promised again, or, once the campaign is settled, is the treasury's."""
        settled = campaign.state == CampaignState.SETTLED
        return transfer(
            self.services.ids.new("cpx"),
            campaign.id,
            debit=chart.committed(campaign.id),
            credit=chart.treasury(campaign.id) if settled else chart.budget(campaign.id),
            amount=Money(fen, campaign.currency),
        )

    async def _move(self, coupon_ids: Sequence[str], event: CouponEvent, session: AsyncSession) -> Decision:
        moved = await coupons.end(session, coupon_ids, event, self.services.clock.now())
        return GRANTED if moved == len(coupon_ids) else Refused("coupon")
