"""Campaigns that run, people who claim, and a tea house of Guiyang that was approved."""

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import text
from tests.host.payments.conftest import OnePassword
from tests.host.payments.merchants.forms import approved

from yimen_host.core.services import Services
from yimen_host.payments import chart
from yimen_host.payments.coupons.models import CampaignRow
from yimen_host.payments.coupons.person import Person
from yimen_host.payments.coupons.terms import Terms
from yimen_host.payments.demo import grant_demo_balance
from yimen_host.payments.facade import Payments
from yimen_host.payments.ledger import books
from yimen_sdk.money import Money, yuan

NOW = dt.datetime(2026, 11, 21, 8, tzinfo=dt.UTC)
TERMS = Terms(
    title="满100减10",
    department="商务局",
    face=yuan("10.00"),
    threshold=yuan("100.00"),
    stock=5,
    budget=yuan("50.00"),
    day_stock=None,
    per_person=1,
    resident_regions=(),
    merchant_regions=(),
    merchant_classes=(),
    stack_group="government",
    claim_from=NOW - dt.timedelta(days=1),
    claim_until=NOW + dt.timedelta(days=1),
    use_from=NOW - dt.timedelta(days=1),
    use_until=NOW + dt.timedelta(days=7),
)
ADA = Person("ada", str(UUID(int=1)), "520102")


def somebody(number: int) -> Person:
    """A person with a number."""
    return Person(f"res{number}", str(UUID(int=number + 1000)), "520102")


@pytest.fixture
async def payments(services: Services) -> AsyncIterator[Payments]:
    """Running payments; the tea house is approved, and resident ada has 1,000 yuan."""
    running = Payments(services, OnePassword())
    await running.start()
    await approved(running, "greeting")
    await grant_demo_balance(running, "ada", yuan("1000.00"))
    yield running
    await running.stop()


async def run_campaign(payments: Payments, terms: Terms = TERMS, /, **changes: object) -> CampaignRow:
    """Plan, approve and start a campaign."""
    planning = payments.coupons.planning
    row = await planning.plan(replace(terms, **changes), by="planner")  # type: ignore[arg-type]  # fields of Terms
    await planning.approve(row.id, by="first")
    await planning.approve(row.id, by="second")
    return await planning.start(row.id, by="planner")


async def accounts(payments: Payments, campaign_id: str) -> dict[str, Money]:
    """What a campaign's accounts hold."""
    async with payments.services.database.transaction() as session:
        return {
            name: (await books.balance(session, account(campaign_id))).posted
            for name, account in (
                ("budget", chart.budget),
                ("committed", chart.committed),
                ("spent", chart.spent),
                ("treasury", chart.treasury),
            )
        }


async def states(payments: Payments) -> dict[str, int]:
    """How many coupons are in each state."""
    async with payments.services.database.transaction() as session:
        rows = await session.execute(text("SELECT state, count(*) AS number FROM coupon GROUP BY state"))
        return {row.state: row.number for row in rows}


async def assert_sound(payments: Payments) -> None:
    """The ledger audits clean; campaigns have committed what coupons that are out are worth, and what is kept."""
    async with payments.services.database.transaction() as session:
        assert await books.audit(session) == []
        wrong = await session.execute(
            text(
                "SELECT c.id FROM coupon_campaign c JOIN ledger_account a"
                r" ON a.code = 'campaign:' || c.id || '\:committed'"
                " WHERE a.balance <> c.face_fen * (SELECT count(*) FROM coupon k WHERE k.campaign_id = c.id"
                " AND k.state IN ('claimed', 'released', 'locked'))"
                " + (SELECT coalesce(sum(s.kept_fen), 0) FROM coupon_share s WHERE s.campaign_id = c.id)"
            )
        )
        assert wrong.all() == []
