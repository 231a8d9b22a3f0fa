"""A ledger that writes to the test's own database."""

from collections.abc import AsyncIterator

import pytest

from yimen_host.core.services import Services
from yimen_host.payments.ledger.writer import Writer


@pytest.fixture
async def ledger(services: Services) -> AsyncIterator[Writer]:
    """A running ledger writer."""
    writer = Writer(services.database, services.clock)
    await writer.start()
    yield writer
    await writer.stop()
