"""Planning: nobody alone, nothing changed afterwards, money only when it begins, and a row for every act."""

import asyncio

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from tests.host.payments.coupons.conftest import ADA, TERMS, accounts, assert_sound, run_campaign, states

from yimen_host.core.errors import Invalid
from yimen_host.payments.coupons.answers import Won
from yimen_host.payments.coupons.errors import CampaignMoved, CouponNotHeld, CouponsOut, SamePerson
from yimen_host.payments.coupons.models import CampaignRow
from yimen_host.payments.coupons.planning import terms_of
from yimen_host.payments.facade import Payments
from yimen_sdk.money import Money, yuan


async def draft(payments: Payments) -> CampaignRow:
    """A campaign nobody has approved."""
    return await payments.coupons.planning.plan(TERMS, by="planner")


async def test_what_was_planned_is_what_runs(payments: Payments) -> None:
    assert terms_of(await run_campaign(payments)) == TERMS


async def test_the_planner_cannot_approve(payments: Payments) -> None:
    row = await draft(payments)

    with pytest.raises(SamePerson):
        await payments.coupons.planning.approve(row.id, by="planner")

    await payments.coupons.planning.approve(row.id, by="first")
    with pytest.raises(SamePerson):
        await payments.coupons.planning.approve(row.id, by="planner")


async def test_one_person_cannot_approve_twice(payments: Payments) -> None:
    row = await draft(payments)

    answers = await asyncio.gather(
        *(payments.coupons.planning.approve(row.id, by="first") for _ in range(8)), return_exceptions=True
    )

    assert [type(answer) for answer in answers if isinstance(answer, Exception)] == [SamePerson] * 7
    assert (await payments.coupons.planning.find(row.id)).state == "draft"


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE coupon_campaign SET state = 'running'",
        "UPDATE coupon_campaign SET state = 'approved', first_approver = 'first'",
        "UPDATE coupon_campaign SET state = 'approved', first_approver = 'first', second_approver = 'first'",
        "UPDATE coupon_campaign SET state = 'approved', first_approver = 'planner', second_approver = 'first'",
        "UPDATE coupon_campaign SET issued = stock + 1",
    ],
)
async def test_the_table_itself_refuses(payments: Payments, attack: str) -> None:
    await draft(payments)

    with pytest.raises(IntegrityError):
        async with payments.services.database.transaction() as session:
            await session.execute(text(attack))


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE coupon_campaign SET face_fen = 99",
        "UPDATE coupon_campaign SET planner = 'somebody else'",
        "DELETE FROM coupon_campaign",
        "UPDATE coupon_act SET by = 'somebody else'",
        "DELETE FROM coupon_act",
        "DELETE FROM coupon",
    ],
)
async def test_the_hosts_role_cannot_change_what_was_agreed(payments: Payments, attack: str) -> None:
    await run_campaign(payments)

    with pytest.raises(Exception, match="permission denied") as refusal:
        async with payments.services.database.transaction() as session:
            await session.execute(text(attack))

    assert isinstance(refusal.value.__cause__, psycopg.errors.InsufficientPrivilege)


async def test_the_budget_is_paid_in_once_when_it_starts(payments: Payments) -> None:
    planning = payments.coupons.planning
    row = await draft(payments)
    with pytest.raises(CampaignMoved):
        await planning.start(row.id, by="planner")
    await planning.approve(row.id, by="first")
    await planning.approve(row.id, by="second")
    assert set((await accounts(payments, row.id)).values()) == {Money(0)}

    answers = await asyncio.gather(*(planning.start(row.id, by="planner") for _ in range(8)), return_exceptions=True)

    assert [type(answer) for answer in answers if isinstance(answer, Exception)] == [CampaignMoved] * 7
    assert (await accounts(payments, row.id))["budget"] == yuan("50.00")


async def test_a_campaign_settles_only_when_no_coupon_is_out(payments: Payments) -> None:
    planning = payments.coupons.planning
    row = await run_campaign(payments)
    won = await payments.coupons.claim(row.id, ADA)
    assert isinstance(won, Won)
    await planning.end(row.id, by="planner", note="enough")
    with pytest.raises(CouponsOut):
        await planning.settle(row.id, by="planner")

    await payments.coupons.expiry.revoke(row.id, won.coupon_id, by="planner", reason="fraud")
    with pytest.raises(CouponNotHeld):
        await payments.coupons.expiry.revoke(row.id, won.coupon_id, by="planner", reason="fraud")
    settled = await planning.settle(row.id, by="planner")

    assert settled.state == "settled"
    assert await states(payments) == {"void": 1}
    assert set((await accounts(payments, row.id)).values()) == {Money(0)}
    await assert_sound(payments)


async def test_a_coupon_is_not_taken_by_way_of_another_campaign(payments: Payments) -> None:
    rich, poor = await run_campaign(payments), await run_campaign(payments)
    won = await payments.coupons.claim(poor.id, ADA)
    assert isinstance(won, Won)

    with pytest.raises(CouponNotHeld):
        await payments.coupons.expiry.revoke(rich.id, won.coupon_id, by="planner", reason="fraud")

    assert await states(payments) == {"claimed": 1}
    await assert_sound(payments)


async def test_taking_a_coupon_back_leaves_who_and_why(payments: Payments) -> None:
    row = await run_campaign(payments)
    won = await payments.coupons.claim(row.id, ADA)
    assert isinstance(won, Won)

    for reason in ("", "x" * 101):
        with pytest.raises(Invalid):
            await payments.coupons.expiry.revoke(row.id, won.coupon_id, by="planner", reason=reason)
    answers = await asyncio.gather(
        *(payments.coupons.expiry.revoke(row.id, won.coupon_id, by=f"p{n}", reason="fraud") for n in range(4)),
        return_exceptions=True,
    )

    notes = [(act.act, act.note) for act in await payments.coupons.planning.acts(row.id) if act.act == "revoke"]
    assert [type(answer) for answer in answers if answer is not None] == [CouponNotHeld] * 3
    assert notes == [("revoke", f"{won.coupon_id} fraud")]
    assert (await accounts(payments, row.id))["committed"] == Money(0)
    await assert_sound(payments)
