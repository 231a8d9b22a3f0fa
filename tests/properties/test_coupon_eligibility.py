"""The one rule of eligibility: it answers every case, and more favourable circumstances never turn a yes into a no."""

import datetime as dt
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from yimen_host.payments.coupons.campaigns import CampaignState
from yimen_host.payments.coupons.coupon import CouponState
from yimen_host.payments.coupons.eligibility import (
    LEAST_PAID,
    Claiming,
    Eligible,
    Merchant,
    NotEligible,
    Using,
    eligible,
)
from yimen_host.payments.coupons.terms import Terms, region_prefix
from yimen_sdk.money import Money

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HOURS = st.integers(-48, 24 * 20).map(lambda hours: START + dt.timedelta(hours=hours))
REGIONS = st.lists(st.sampled_from(["52", "5201", "520102", "53"]), max_size=2).map(tuple)
TERMS = st.builds(
    Terms,
    title=st.just("t"),
    department=st.just("d"),
    face=st.integers(1, 50_00).map(Money),
    threshold=st.integers(51_00, 100_00).map(Money),
    stock=st.just(10),
    budget=st.just(Money(1000_00)),
    day_stock=st.none(),
    per_person=st.integers(1, 3),
    resident_regions=REGIONS,
    merchant_regions=REGIONS,
    merchant_classes=st.sampled_from([(), ("market",), ("market", "utilities")]),
    stack_group=st.just("g"),
    claim_from=st.just(START),
    claim_until=st.just(START + dt.timedelta(days=5)),
    use_from=st.just(START),
    use_until=st.just(START + dt.timedelta(days=10)),
)
CLAIMS = st.builds(
    Claiming,
    state=st.sampled_from(CampaignState),
    verified=st.booleans(),
    region=st.sampled_from(["520102", "520302", "530102", "000000"]),
    slot=st.integers(-1, 5),
    now=HOURS,
)
USES = st.builds(
    Using,
    state=st.sampled_from(CouponState),
    for_this_order=st.booleans(),
    merchants=st.lists(
        st.builds(Merchant, st.sampled_from(["market", "tax", ""]), REGIONS), min_size=1, max_size=3
    ).map(tuple),
    amount=st.integers(0, 200_00).map(Money),
    left=st.integers(0, 200_00).map(Money),
    now=HOURS,
)


@given(TERMS, CLAIMS)
def test_whoever_may_claim_fulfils_every_term(terms: Terms, claim: Claiming) -> None:
    verdict = eligible(terms, claim)

    fulfilled = (
        claim.verified
        and claim.state in ("running", "exhausted")
        and terms.claim_from <= claim.now < terms.claim_until
        and (not terms.resident_regions or any(claim.region.startswith(r) for r in terms.resident_regions))
        and 1 <= claim.slot <= terms.per_person
    )
    assert isinstance(verdict, Eligible) is fulfilled
    assert isinstance(verdict, Eligible | NotEligible)


@given(TERMS, USES)
def test_a_coupon_that_may_be_used_leaves_something_to_pay(terms: Terms, use: Using) -> None:
    if isinstance(eligible(terms, use), Eligible):
        assert use.left - terms.face >= LEAST_PAID
        assert use.amount >= terms.threshold
        assert terms.use_from <= use.now < terms.use_until
        assert use.state in ("claimed", "released") or (use.state == "locked" and use.for_this_order)


@given(TERMS, USES, st.integers(0, 100_00))
def test_a_larger_order_is_never_less_eligible(terms: Terms, use: Using, more: int) -> None:
    larger = replace(use, amount=use.amount + Money(more), left=use.left + Money(more))

    assert isinstance(eligible(terms, larger), Eligible) or isinstance(eligible(terms, use), NotEligible)


@given(st.from_regex(r"[1-9]\d{5}", fullmatch=True))
def test_a_region_lies_within_its_own_prefix(code: str) -> None:
    assert code.startswith(region_prefix(code))
    assert region_prefix(code).ljust(6, "0") == code


@given(TERMS, USES)
def test_public_money_reaches_only_merchants_of_the_campaign(terms: Terms, use: Using) -> None:
    if isinstance(eligible(terms, use), NotEligible):
        return
    for merchant in use.merchants:
        assert not terms.merchant_classes or merchant.kind in terms.merchant_classes
        assert not terms.merchant_regions or any(
            served.startswith(region) or region.startswith(served)
            for served in merchant.regions
            for region in terms.merchant_regions
        )
