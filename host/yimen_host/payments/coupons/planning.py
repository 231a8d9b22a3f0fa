"""Plans, approves, starts, holds, stops and settles campaigns. Each act is one transaction and leaves a row."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core.services import Services
from yimen_host.payments import chart
from yimen_host.payments.coupons.campaigns import CampaignEvent, CampaignState
from yimen_host.payments.coupons.errors import CampaignMoved, CouponsOut, NoSuchCampaign, SamePerson
from yimen_host.payments.coupons.models import CampaignActRow, CampaignRow
from yimen_host.payments.coupons.store import campaigns as store
from yimen_host.payments.coupons.terms import Terms
from yimen_host.payments.decision import GRANTED, Decision, Refused
from yimen_host.payments.ledger import books
from yimen_host.payments.ledger.draft import transfer
from yimen_host.payments.ledger.rule import Posted
from yimen_host.payments.ledger.writer import Writer
from yimen_sdk.money import Money


@dataclass(frozen=True)
class Planning:
    """The desk where campaigns are planned and answered for."""

    services: Services
    ledger: Writer

    async def plan(self, terms: Terms, *, by: str) -> CampaignRow:
        """Write a campaign down as a draft."""
        row = _row(terms, self.services.ids.new("cmp"), planner=by, now=self.services.clock.now())
        async with self.services.database.transaction() as session:
            await store.add(session, row)
            await self.note(session, row.id, "plan", by)
        return row

    async def approve(self, campaign_id: str, *, by: str) -> CampaignRow:
        """Agree to a draft; the second of two people approves it. Raises SamePerson and CampaignMoved."""
        try:
            async with self.services.database.transaction() as session:
                before = await self._find(session, campaign_id)
                if before.first_approver == by:
                    raise SamePerson
                approved = await store.approve_first(session, campaign_id, by) or await store.approve_second(
                    session, campaign_id, by
                )
                if not approved:
                    raise CampaignMoved(campaign_id, before.state)
                await self.note(session, campaign_id, CampaignEvent.APPROVE, by)
        except IntegrityError:
            raise SamePerson from None
        return await self.find(campaign_id)

    async def start(self, campaign_id: str, *, by: str) -> CampaignRow:
        """Pay the budget in and let claiming begin: one commit. Raises CampaignMoved."""
        row = await self.find(campaign_id)
        draft = transfer(
            f"campaign:{campaign_id}:fund",
            campaign_id,
            debit=chart.treasury(campaign_id),
            credit=chart.budget(campaign_id),
            amount=Money(row.budget_fen, row.currency),
        )
        outcome = await self.ledger.post(draft, partial(self._start, campaign_id, by))
        if not isinstance(outcome, Posted) or outcome.replayed:
            raise CampaignMoved(campaign_id, (await self.find(campaign_id)).state)
        return await self.find(campaign_id)

    async def pause(self, campaign_id: str, *, by: str, note: str = "") -> CampaignRow:
        """Hold a campaign. Raises CampaignMoved."""
        return await self._move(campaign_id, CampaignEvent.PAUSE, by, note)

    async def resume(self, campaign_id: str, *, by: str, note: str = "") -> CampaignRow:
        """Let a held campaign go on. Raises CampaignMoved."""
        return await self._move(campaign_id, CampaignEvent.RESUME, by, note)

    async def end(self, campaign_id: str, *, by: str | None, note: str = "") -> CampaignRow:
        """Stop a campaign for good; ``by`` nobody when its time is over. Raises CampaignMoved."""
        return await self._move(campaign_id, CampaignEvent.END, by, note)

    async def discard(self, campaign_id: str, *, by: str, note: str = "") -> CampaignRow:
        """Give up a campaign that has not begun. Raises CampaignMoved."""
        return await self._move(campaign_id, CampaignEvent.DISCARD, by, note)

    async def settle(self, campaign_id: str, *, by: str) -> CampaignRow:
        """Give back what is left of the budget, once no coupon is out. Raises CampaignMoved and CouponsOut."""
        async with self.services.database.transaction() as session:
            row = await self._find(session, campaign_id)
            left = await books.balance(session, chart.budget(campaign_id))
            waiting = await store.out(session, campaign_id)
        if waiting:
            raise CouponsOut(campaign_id, waiting)
        if not left.available:
            return await self._move(campaign_id, CampaignEvent.SETTLE, by, "")
        draft = transfer(
            f"campaign:{campaign_id}:settle:{self.services.ids.new('set')}",
            campaign_id,
            debit=chart.budget(campaign_id),
            credit=chart.treasury(campaign_id),
            amount=left.available,
        )
        outcome = await self.ledger.post(draft, partial(self._settle, campaign_id, by))
        if not isinstance(outcome, Posted):
            raise CampaignMoved(campaign_id, row.state)
        return await self.find(campaign_id)

    async def find(self, campaign_id: str) -> CampaignRow:
        """A campaign as it stands now. Raises NoSuchCampaign."""
        async with self.services.database.transaction() as session:
            return await self._find(session, campaign_id)

    async def all(self) -> Sequence[CampaignRow]:
        """All campaigns, newest first."""
        async with self.services.database.transaction() as session:
            return await store.newest(session)

    async def acts(self, campaign_id: str) -> Sequence[CampaignActRow]:
        """What was done with a campaign, oldest first."""
        async with self.services.database.transaction() as session:
            return await store.acts(session, campaign_id)

    async def note(self, session: AsyncSession, campaign_id: str, act: str, by: str | None, note: str = "") -> None:
        """Write down what somebody, or the clock, does with a campaign."""
        new, now = self.services.ids.new("act"), self.services.clock.now()
        await store.note(session, CampaignActRow(id=new, campaign_id=campaign_id, act=act, by=by, note=note, at=now))

    async def _start(self, campaign_id: str, by: str, session: AsyncSession) -> Decision:
        if not await store.move(session, campaign_id, CampaignEvent.START):
            return Refused("campaign")
        await self.note(session, campaign_id, CampaignEvent.START, by)
        return GRANTED

    async def _settle(self, campaign_id: str, by: str, session: AsyncSession) -> Decision:
        # The budget's lock, which every claim and return of money takes too, keeps the count from changing.
        if await store.out(session, campaign_id) or not await store.move(session, campaign_id, CampaignEvent.SETTLE):
            return Refused("campaign")
        await self.note(session, campaign_id, CampaignEvent.SETTLE, by)
        return GRANTED

    async def _move(self, campaign_id: str, event: CampaignEvent, by: str | None, note: str) -> CampaignRow:
        async with self.services.database.transaction() as session:
            before = await self._find(session, campaign_id)
            if not await store.move(session, campaign_id, event):
                raise CampaignMoved(campaign_id, before.state)
            await self.note(session, campaign_id, event, by, note)
        return await self.find(campaign_id)

    async def _find(self, session: AsyncSession, campaign_id: str) -> CampaignRow:
        row = await store.find(session, campaign_id)
        if row is None:
            raise NoSuchCampaign(campaign_id)
        return row


def terms_of(row: CampaignRow) -> Terms:
    """The terms of a campaign in the database."""
    return Terms(
        title=row.title,
        department=row.department,
        face=Money(row.face_fen, row.currency),
        threshold=Money(row.threshold_fen, row.currency),
        stock=row.stock,
        budget=Money(row.budget_fen, row.currency),
        day_stock=row.day_stock,
        per_person=row.per_person,
        resident_regions=tuple(row.resident_regions),
        merchant_regions=tuple(row.merchant_regions),
        merchant_classes=tuple(row.merchant_classes),
        stack_group=row.stack_group,
        claim_from=row.claim_from,
        claim_until=row.claim_until,
        use_from=row.use_from,
        use_until=row.use_until,
    )


def _row(terms: Terms, campaign_id: str, *, planner: str, now: dt.datetime) -> CampaignRow:
    return CampaignRow(
        id=campaign_id,
        title=terms.title,
        department=terms.department,
        face_fen=terms.face.fen,
        threshold_fen=terms.threshold.fen,
        currency=terms.face.currency,
        stock=terms.stock,
        budget_fen=terms.budget.fen,
        day_stock=terms.day_stock,
        per_person=terms.per_person,
        resident_regions=list(terms.resident_regions),
        merchant_regions=list(terms.merchant_regions),
        merchant_classes=list(terms.merchant_classes),
        stack_group=terms.stack_group,
        claim_from=terms.claim_from,
        claim_until=terms.claim_until,
        use_from=terms.use_from,
        use_until=terms.use_until,
        state=CampaignState.DRAFT,
        planner=planner,
        created_at=now,
    )
