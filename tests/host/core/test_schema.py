"""The migrations and the tables say the same."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic import command

from yimen_host.core import schema
from yimen_host.core.database import Database
from yimen_host.core.outbox import Happening, publish
from yimen_host.core.services import Services


def test_the_migrations_make_the_tables_that_the_code_declares(migrated_url: str) -> None:
    command.check(schema.alembic_config(migrated_url))


def test_migrating_twice_changes_nothing(migrated_url: str) -> None:
    schema.migrate(migrated_url)

    command.check(schema.alembic_config(migrated_url))


def test_two_hosts_that_start_together_migrate_one_after_the_other(database_url: str) -> None:
    with ThreadPoolExecutor(2) as hosts:
        for migrating in [hosts.submit(schema.migrate, database_url) for _ in range(2)]:
            migrating.result(30)

    command.check(schema.alembic_config(database_url))


async def test_an_event_and_its_deliveries_commit_together(services: Services) -> None:
    happening = Happening("evt_1", "town.opened", "door_1", {"n": 1}, services.clock.now())

    async def publish_and_fail() -> None:
        async with services.database.transaction() as session:
            await publish(session, happening, to=["notices"])
            raise RuntimeError("undone")

    with pytest.raises(RuntimeError, match="undone"):
        await publish_and_fail()
    assert await _jobs(services.database) == []

    async with services.database.transaction() as session:
        await publish(session, happening, to=["notices", "app:tea"])

    assert await _jobs(services.database) == [
        ("yimen.deliver", "notices:door_1", {"event_id": "evt_1", "destination": "notices"}),
        ("yimen.deliver", "app:tea:door_1", {"event_id": "evt_1", "destination": "app:tea"}),
    ]


async def _jobs(database: Database) -> list[tuple[object, ...]]:
    async with database.engine.connect() as connection:
        rows = await connection.exec_driver_sql("SELECT task_name, lock, args FROM procrastinate_jobs ORDER BY id")
        return [tuple(row) for row in rows]


async def test_the_host_cannot_rewrite_who_read_what(services: Services) -> None:
    async with services.database.engine.connect() as connection:
        with pytest.raises(Exception, match="permission denied for table data_access") as refusal:
            await connection.exec_driver_sql("DELETE FROM data_access")

    assert isinstance(refusal.value.__cause__, psycopg.errors.InsufficientPrivilege)
