"""Whatever people do with coupons, in whatever order: no fen is lost and no coupon is worth its money twice."""

import datetime as dt
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.host.payments.conftest import PASSWORD, open_order
from tests.host.payments.coupons.conftest import ADA, accounts, assert_sound, run_campaign
from tests.host.payments.test_till import at_bank

from yimen_host.core.clock import ManualClock
from yimen_host.payments import chart, sweep
from yimen_host.payments.channels.sandbox_bank.bank import BankState
from yimen_host.payments.coupons.errors import CouponRefused
from yimen_host.payments.coupons.models import CampaignRow
from yimen_host.payments.coupons.redemption import CouponChoice
from yimen_host.payments.errors import NotRefundable, OrderNotOpen
from yimen_host.payments.facade import Payments
from yimen_host.payments.ledger import books
from yimen_host.payments.models import AttemptRow, OrderRow
from yimen_sdk.money import Money

STEPS = st.one_of(
    st.tuples(st.just("claim"), st.integers(1, 4)),
    st.tuples(st.just("order"), st.integers(90_00, 130_00)),
    st.tuples(st.just("pay"), st.sampled_from(["wallet", "sandbox-bank"])),
    st.tuples(st.just("bank"), st.sampled_from([BankState.PAID, BankState.DECLINED])),
    st.tuples(st.just("cancel"), st.none()),
    st.tuples(st.just("refund"), st.sampled_from([1, 13, 33_33, 50_00, 10**9])),
    st.tuples(st.just("wait"), st.sampled_from([1, 60, 24 * 60 * 8])),
)


@dataclass
class Walk:
    """Ada's way through a campaign: what she did last is what the next step is about."""

    payments: Payments
    clock: ManualClock
    campaign: CampaignRow
    orders: list[OrderRow] = field(default_factory=list)
    attempts: list[AttemptRow] = field(default_factory=list)
    forms: int = 0

    async def claim(self, slot: int) -> None:
        await self.payments.coupons.claim(self.campaign.id, ADA, slot=slot)

    async def order(self, fen: int) -> None:
        self.orders.append(await open_order(self.payments, Money(fen)))

    async def pay(self, channel: str) -> None:
        if not self.orders:
            return
        order = await self.payments.orders.of_resident(self.orders[-1].id, "ada")
        best = (await self.payments.coupons.offers(order, ADA)).choices[0]
        self.forms += 1
        try:
            attempt = await self.payments.till.pay(
                order,
                channel=channel,
                form_key=str(self.forms),
                password=PASSWORD,
                coupons=CouponChoice(best.coupon_ids, ADA.key),
            )
        except (OrderNotOpen, CouponRefused):
            return
        assert isinstance(attempt, AttemptRow)
        self.attempts.append(attempt)

    async def bank(self, state: BankState) -> None:
        waiting = [a for a in self.attempts if a.channel == "sandbox-bank"]
        if waiting:
            await at_bank(self.payments, await self.payments.till.attempt(waiting[-1].id), state)

    async def cancel(self, _: None) -> None:
        if self.orders:
            try:
                async with self.payments.services.database.transaction() as session:
                    await self.payments.orders.cancel(session, self.orders[-1])
            except OrderNotOpen:
                return

    async def refund(self, fen: int) -> None:
        if not self.orders:
            return
        order = await self.payments.orders.of_resident(self.orders[-1].id, "ada")
        amount = Money(min(fen, max(1, order.amount_fen - order.reserved_fen)))
        self.forms += 1
        try:
            async with self.payments.services.database.transaction() as session:
                refund = await self.payments.refunding.request(
                    session, order, amount, reason="changed my mind", key=str(self.forms)
                )
        except NotRefundable:
            return
        await self.payments.refunding.proceed(refund.id)

    async def wait(self, minutes: int) -> None:
        self.clock.advance(minutes=minutes)
        await sweep.sweep(self.payments)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, min_size=6, max_size=24))
async def test_any_walk_keeps_every_fen(
    payments: Payments, clock: ManualClock, steps: list[tuple[str, object]]
) -> None:
    campaign = await run_campaign(payments, **_now(clock), per_person=3)
    walk = Walk(payments, clock, campaign)
    merchant_before = await _holds(payments, chart.merchant_payable("greeting"))

    for name, value in steps:
        await getattr(walk, name)(value)
        await assert_sound(payments)

    held = await accounts(payments, campaign.id)
    assert held["budget"] + held["committed"] + held["spent"] == -held["treasury"]
    net = 0
    for opened in walk.orders:
        row = await payments.orders.of_resident(opened.id, "ada")
        settled = row.state in ("paid", "fulfilled", "closed", "partially_refunded", "refunded")
        net += row.amount_fen - row.refunded_fen if settled else 0
    assert await _holds(payments, chart.merchant_payable("greeting")) == merchant_before + Money(net)


def _now(clock: ManualClock) -> dict[str, object]:
    """Times of a campaign that begins now: each walk may take the clock further."""
    now = clock.now()
    claim = {"claim_from": now, "claim_until": now + dt.timedelta(days=1)}
    return {**claim, "use_from": now, "use_until": now + dt.timedelta(days=7)}


async def _holds(payments: Payments, code: str) -> Money:
    async with payments.services.database.transaction() as session:
        return (await books.balance(session, code)).posted
