"""Payments on the test's own database: the real ledger, the sandbox bank, and a payment password that is 135790."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from yimen_host.core.services import Services
from yimen_host.payments.decision import GRANTED, Decision, Refused
from yimen_host.payments.demo import grant_demo_balance
from yimen_host.payments.facade import Payments
from yimen_host.payments.ledger.writer import Writer
from yimen_host.payments.models import OrderRow
from yimen_host.payments.ordering import NewOrder, Payee
from yimen_sdk.money import Money, yuan

PASSWORD = "135790"
TEA = Payee("greeting", "问候", "茶叶合作社")


@dataclass
class OnePassword:
    """The payment password port, with one password for everybody; remembers who was asked."""

    asked: list[str] = field(default_factory=list)

    async def verify(self, resident_id: str, typed: str) -> Decision:
        self.asked.append(resident_id)
        return GRANTED if typed == PASSWORD else Refused("wrong")


@pytest.fixture
async def ledger(services: Services) -> AsyncIterator[Writer]:
    """A running ledger writer."""
    writer = Writer(services.database, services.clock)
    await writer.start()
    yield writer
    await writer.stop()


@pytest.fixture
async def payments(services: Services) -> AsyncIterator[Payments]:
    """Running payments; resident ada has 100 yuan."""
    running = Payments(services, OnePassword())
    await running.start()
    await grant_demo_balance(running, "ada", yuan("100.00"))
    yield running
    await running.stop()


async def open_order(payments: Payments, amount: Money, *, reference: str | None = None) -> OrderRow:
    """An order of ada's for tea."""
    async with payments.services.database.transaction() as session:
        return await payments.orders.open(
            session, NewOrder("一杯茶", amount, reference=reference, return_path="/tea"), TEA, "ada"
        )
