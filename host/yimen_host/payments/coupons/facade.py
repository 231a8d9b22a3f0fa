"""Coupons as the rest of payments and the pages see them."""

import datetime as dt

from yimen_host.core.services import Services
from yimen_host.payments.coupons.answers import Answer
from yimen_host.payments.coupons.claiming import Claims, Click
from yimen_host.payments.coupons.coupon import IN_HAND, CouponState
from yimen_host.payments.coupons.eligibility import Claiming, Eligibility, NotEligible, eligible
from yimen_host.payments.coupons.errors import NoSuchCampaign
from yimen_host.payments.coupons.expiry import Expiry
from yimen_host.payments.coupons.merchants import merchants_of
from yimen_host.payments.coupons.models import CampaignRow, CouponRow, CouponShareRow
from yimen_host.payments.coupons.offers import Offers, offers
from yimen_host.payments.coupons.person import Person
from yimen_host.payments.coupons.planning import Planning, terms_of
from yimen_host.payments.coupons.redemption import Redemption
from yimen_host.payments.coupons.store import campaigns, coupons, shares
from yimen_host.payments.coupons.store.claims import Row
from yimen_host.payments.ledger.writer import Writer
from yimen_host.payments.models import OrderRow
from yimen_sdk.money import Money

FRESH = dt.timedelta(seconds=1)
"""How long a campaign is believed to stand as it was read: the claim itself looks again."""


class Coupons:
    """The campaigns, the claims and the use of coupons of one host process."""

    def __init__(self, services: Services, ledger: Writer) -> None:
        self._services = services
        self.planning = Planning(services, ledger)
        self.claims = Claims(services)
        self.redemption = Redemption(services)
        self.expiry = Expiry(services, ledger, self.planning)
        self._read: dict[str, tuple[dt.datetime, CampaignRow]] = {}

    async def start(self) -> None:
        """Begin to answer claims."""
        await self.claims.start()

    async def stop(self) -> None:
        """Answer what is queued, then end."""
        await self.claims.stop()

    async def claim(self, campaign_id: str, person: Person, *, slot: int = 1) -> Answer:
        """Give a person the ``slot``-th coupon of a campaign; the same again is the same coupon.

        Raises NoSuchCampaign.
        """
        campaign = await self._campaign(campaign_id)
        verdict = self.may_claim(campaign, person, slot=slot)
        if isinstance(verdict, NotEligible):
            return verdict
        face = Money(campaign.face_fen, campaign.currency)
        return await self.claims.claim(
            Click(campaign_id, face, Row(person.key, slot, person.resident_id, person.region))
        )

    def may_claim(self, campaign: CampaignRow, person: Person, *, slot: int) -> Eligibility:
        """Whether a person may have one more coupon of a campaign."""
        now = self._services.clock.now()
        return eligible(terms_of(campaign), Claiming(campaign.state, person.verified, person.region, slot, now))

    async def centre(self) -> list[CampaignRow]:
        """The campaigns that residents are shown."""
        async with self._services.database.transaction() as session:
            return list(await campaigns.claimable(session, self._services.clock.now()))

    async def held(self, person: Person) -> list[tuple[CouponRow, CampaignRow]]:
        """A person's coupons with their campaigns, newest first."""
        if not person.verified:
            return []
        async with self._services.database.transaction() as session:
            rows = await coupons.of_person(session, person.key)
            found = await campaigns.several(session, {row.campaign_id for row in rows})
        return [(row, found[row.campaign_id]) for row in rows]

    async def offers(self, order: OrderRow, person: Person) -> Offers:
        """What the cashier offers a person for an order."""
        held = await self.held(person) if order.app_id is not None else []
        async with self._services.database.transaction() as session:
            merchants = await merchants_of(session, order)
        return offers(
            self.redemption,
            order,
            merchants,
            [
                pair
                for pair in held
                if pair[0].state in IN_HAND or (pair[0].state == CouponState.LOCKED and pair[0].order_id == order.id)
            ],
        )

    async def shares(self, attempt_id: str) -> list[tuple[CouponShareRow, CampaignRow]]:
        """What coupons pay in an attempt."""
        async with self._services.database.transaction() as session:
            rows = await shares.of_attempt(session, attempt_id)
            found = await campaigns.several(session, {row.campaign_id for row in rows})
        return [(row, found[row.campaign_id]) for row in rows]

    async def _campaign(self, campaign_id: str) -> CampaignRow:
        now = self._services.clock.now()
        known = self._read.get(campaign_id)
        if known is None or now - known[0] > FRESH:
            async with self._services.database.transaction() as session:
                row = await campaigns.find(session, campaign_id)
            if row is None:
                raise NoSuchCampaign(campaign_id)
            known = self._read[campaign_id] = now, row
        return known[1]
