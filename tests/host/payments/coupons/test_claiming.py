"""Claims: as many as there are, one for each person, the same answer to the same click."""

import asyncio
import datetime as dt

import psycopg
import pytest
from tests.host.payments.coupons.conftest import ADA, TERMS, accounts, assert_sound, run_campaign, somebody

from yimen_host.core.clock import ManualClock
from yimen_host.core.services import Services
from yimen_host.payments.coupons.answers import SOLD_OUT, SOLD_OUT_TODAY, TRY_LATER, AlreadyClaimed, Won
from yimen_host.payments.coupons.claiming import Claims
from yimen_host.payments.coupons.eligibility import NotEligible, Reason
from yimen_host.payments.coupons.facade import Coupons
from yimen_host.payments.coupons.person import Person
from yimen_host.payments.facade import Payments
from yimen_sdk.money import Money, yuan


async def test_a_claim_commits_its_money_with_the_coupon(payments: Payments) -> None:
    campaign = await run_campaign(payments)

    answer = await payments.coupons.claim(campaign.id, ADA)

    assert isinstance(answer, Won)
    assert await accounts(payments, campaign.id) == {
        "budget": yuan("40.00"),
        "committed": yuan("10.00"),
        "spent": Money(0),
        "treasury": yuan("-50.00"),
    }
    await assert_sound(payments)


async def test_the_same_click_again_is_the_same_coupon(payments: Payments, services: Services) -> None:
    campaign = await run_campaign(payments)
    first = await payments.coupons.claim(campaign.id, ADA)
    assert isinstance(first, Won)
    other_process = Claims(services)
    elsewhere = Coupons(services, payments.ledger)
    elsewhere.claims = other_process
    await other_process.start()

    again = [await payments.coupons.claim(campaign.id, ADA), await elsewhere.claim(campaign.id, ADA)]
    await other_process.stop()

    assert again == [AlreadyClaimed(first.coupon_id)] * 2


async def test_two_accounts_of_one_person_get_one_coupon(payments: Payments) -> None:
    campaign = await run_campaign(payments)
    first = await payments.coupons.claim(campaign.id, ADA)
    assert isinstance(first, Won)

    second = await payments.coupons.claim(campaign.id, Person("adas-other-account", ADA.key, ADA.region))

    assert second == AlreadyClaimed(first.coupon_id)


async def test_sixty_four_at_once_in_two_processes_win_the_stock_exactly(
    payments: Payments, services: Services
) -> None:
    campaign = await run_campaign(payments)
    others = Coupons(services, payments.ledger)
    await others.start()

    told = await asyncio.gather(
        *((payments.coupons if n % 2 else others).claim(campaign.id, somebody(n % 48)) for n in range(64))
    )
    await others.stop()

    winners = {answer.coupon_id for answer in told if isinstance(answer, Won)}
    assert len(winners) == TERMS.stock
    assert {answer.coupon_id for answer in told if isinstance(answer, AlreadyClaimed)} <= winners
    assert {answer for answer in told if not isinstance(answer, Won | AlreadyClaimed)} == {SOLD_OUT}
    assert await accounts(payments, campaign.id) == {
        "budget": Money(0),
        "committed": yuan("50.00"),
        "spent": Money(0),
        "treasury": yuan("-50.00"),
    }
    assert (await payments.coupons.planning.find(campaign.id)).state == "exhausted"
    await assert_sound(payments)


async def test_sixty_four_clicks_of_one_person_are_one_coupon(payments: Payments) -> None:
    campaign = await run_campaign(payments)

    told = await asyncio.gather(*(payments.coupons.claim(campaign.id, ADA) for _ in range(64)))

    (won,) = [answer for answer in told if isinstance(answer, Won)]
    assert told.count(AlreadyClaimed(won.coupon_id)) == 63


async def test_a_sold_out_answer_touches_no_database(payments: Payments, migrated_url: str) -> None:
    campaign = await run_campaign(payments, stock=1, budget=yuan("10.00"))
    await payments.coupons.claim(campaign.id, ADA)
    with owner(migrated_url) as connection, connection.transaction():
        connection.execute("LOCK coupon, coupon_campaign, ledger_account IN ACCESS EXCLUSIVE MODE")  # who asks, waits

        async with asyncio.timeout(20):
            assert await payments.coupons.claim(campaign.id, somebody(1)) == SOLD_OUT


async def test_a_days_stock_is_for_that_day(payments: Payments, clock: ManualClock) -> None:
    campaign = await run_campaign(payments, day_stock=2)
    today = [await payments.coupons.claim(campaign.id, somebody(n)) for n in range(3)]
    clock.advance(hours=10)  # past midnight in China

    tomorrow = [await payments.coupons.claim(campaign.id, somebody(n)) for n in range(2, 5)]

    assert [type(answer) for answer in today[:2]] == [Won, Won]
    assert today[2] == SOLD_OUT_TODAY
    assert [type(answer) for answer in tomorrow[:2]] == [Won, Won]
    assert tomorrow[2] == SOLD_OUT_TODAY


async def test_more_for_one_person_are_numbered(payments: Payments) -> None:
    campaign = await run_campaign(payments, per_person=2)

    told = [await payments.coupons.claim(campaign.id, ADA, slot=slot) for slot in (1, 2, 2, 3)]

    assert [type(answer) for answer in told[:2]] == [Won, Won]
    assert told[0] != told[1]
    assert told[2:] == [AlreadyClaimed(told[1].coupon_id), NotEligible(Reason.LIMIT)]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "person", "reason"),
    [
        ({}, Person("eve", "", "000000"), Reason.NOT_VERIFIED),
        ({"resident_regions": ("5203",)}, ADA, Reason.OTHER_REGION),
        ({"claim_from": TERMS.claim_until - dt.timedelta(hours=1)}, ADA, Reason.NOT_YET),
    ],
)
async def test_who_is_not_eligible_hears_why(
    payments: Payments, changes: dict[str, object], person: Person, reason: Reason
) -> None:
    campaign = await run_campaign(payments, **changes)

    assert await payments.coupons.claim(campaign.id, person) == NotEligible(reason)


async def test_a_campaign_that_was_paused_elsewhere_gives_nothing(payments: Payments) -> None:
    campaign = await run_campaign(payments)
    await payments.coupons.claim(campaign.id, somebody(1))  # read as running, and believed for a second
    await payments.coupons.planning.pause(campaign.id, by="planner")

    assert await payments.coupons.claim(campaign.id, ADA) == NotEligible(Reason.NOT_RUNNING)


async def test_a_broken_connection_answers_later_and_gives_nothing(payments: Payments, migrated_url: str) -> None:
    campaign = await run_campaign(payments)
    await payments.coupons.claim(campaign.id, somebody(1))
    with owner(migrated_url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()"
        )

    broken = await payments.coupons.claim(campaign.id, ADA)
    again = await payments.coupons.claim(campaign.id, ADA)

    assert broken == TRY_LATER
    assert isinstance(again, Won)
    await assert_sound(payments)


def owner(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection of the database's owner, past the host."""
    return psycopg.connect(url.replace("+psycopg", ""), options="-c search_path=yimen")
