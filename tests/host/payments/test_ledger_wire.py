"""The connection of one writer of batches."""

import psycopg
import pytest
from sqlalchemy import QueuePool

from yimen_host.core.services import Services
from yimen_host.payments.ledger.wire import Wire


def out(services: Services) -> int:
    """How many connections of the pool somebody has."""
    pool = services.database.engine.sync_engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


async def test_a_connection_that_could_not_be_made_ready_is_not_used(services: Services) -> None:
    wire = Wire(services.database, prepare="PREPARE of_nothing AS SELECT * FROM nothing")

    with pytest.raises(psycopg.errors.UndefinedTable):
        await wire.connection()

    assert (wire.sound, out(services)) == (False, 0)


async def test_a_block_that_ends_closes_its_connection(services: Services) -> None:
    async with Wire(services.database) as wire:
        await wire.connection()
        assert wire.sound

    assert (wire.sound, out(services)) == (False, 0)
