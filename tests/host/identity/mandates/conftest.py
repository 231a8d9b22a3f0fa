"""A family: mother gives her daughter a mandate for the tea house, which can be used for somebody else."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.host.village import MANIFEST, Village, record, village

from yimen_host.core.services import Services
from yimen_host.identity.mandates.mandate import Terms
from yimen_host.payments.demo import grant_demo_balance
from yimen_sdk.money import yuan

SCOPES = ("identity.name", "payments.order", "notices.send", "bills.mandate")
REASONS = {"identity.name": "用姓名称呼您", "payments.order": "为您下单", "notices.send": "茶好了告诉您"}
WITH_MANDATES = f"""{MANIFEST}
[[scopes]]
name = "bills.mandate"
reason = {{ zh = "替家人买茶", en = "To buy tea for family" }}
optional = true
"""
TERMS = Terms("tea", frozenset({"identity.name", "payments.order"}), yuan("50.00"), yuan("100.00"), 365)


@dataclass
class Family:
    """The host, and the two."""

    here: Village
    mother: str
    daughter: str

    async def offered(self, terms: Terms = TERMS) -> str:
        """A mandate that counts."""
        return await self.here.node.mandates.offer(self.mother, self.daughter, terms, REASONS)


@pytest.fixture
async def family(services: Services, tmp_path: Path) -> AsyncIterator[Family]:
    """Both verified; the daughter has granted the tea house everything and has 1,000 yuan."""
    async with village(services, tmp_path) as here:
        here.shelf.records = [record(here.shelf.records[0].tree, WITH_MANDATES)]
        await here.node.refresh()
        mother = await here.settle("13800000001", person=100)
        daughter = await here.settle("13800000002", person=101)
        await here.grant(daughter, *SCOPES)
        await grant_demo_balance(here.node.payments, daughter, yuan("1000.00"))
        yield Family(here, mother, daughter)
