"""The connection of one writer of batches."""

import psycopg
import pytest

from yimen_host.core.services import Services
from yimen_host.payments.ledger.wire import Wire


async def test_a_connection_that_could_not_be_made_ready_is_not_used(services: Services) -> None:
    wire = Wire(services.database, prepare="PREPARE of_nothing AS SELECT * FROM nothing")

    with pytest.raises(psycopg.errors.UndefinedTable):
        await wire.connection()

    assert not wire.sound
    assert services.database.engine.sync_engine.pool.checkedout() == 0


async def test_a_block_that_ends_closes_its_connection(services: Services) -> None:
    async with Wire(services.database) as wire:
        await wire.connection()
        assert wire.sound

    assert not wire.sound
    assert services.database.engine.sync_engine.pool.checkedout() == 0
