"""What is long done costs the jobs worker nothing: rows read are counted, never time."""

import datetime as dt

from sqlalchemy import text
from tests.host.village import Village
from tests.host.volume.conftest import PAYMENTS
from tests.host.volume.watching import MOST, UNTIL_PLANNED_FOR_GOOD, watching

from yimen_host.forgetting import PASTS, forget
from yimen_host.jobs import Jobs
from yimen_host.runtime.metrics.view import still

FEW = 100
_FIRST = "right({name}, 26) <= lpad(CAST(CAST(:most AS int) AS text), 26, '0')"
OVER = {
    kind: f"UPDATE {table} SET {moment} = :old WHERE {_FIRST.format(name=name)}"
    for kind, table, moment, name in (
        ("codes", "one_time_code", "expires_at", "id"),
        ("tickets", "launch_ticket", "expires_at", "secret_hash"),
        ("app_sessions", "app_session", "expires_at", "secret_hash"),
        ("sessions", "session", "expires_at", "id"),
        ("answers", "payment_idempotency", "created_at", "key"),
        ("channel_notices", "payment_channel_notice", "acted_at", "nonce"),
        ("deliveries", "webhook_delivery", "last_at", "event_id"),
        ("events", "outbox_event", "looked_at", "id"),
        ("read_notices", "notice", "read_at", "id"),
    )
}
"""What makes a few rows of a province be over; the other kinds have none there."""


async def test_what_is_long_done_costs_the_sweeps_nothing(here: Village) -> None:
    jobs = Jobs(here.node)
    regular = [periodic.task for periodic in jobs.app.periodic_registry.periodic_tasks.values()]

    async with jobs.app.open_async():
        for _ in range(UNTIL_PLANNED_FOR_GOOD):
            with watching(here.services.database) as watched:
                for task in regular:
                    await task.func(0)
                await still(here.services.database)

    assert watched.over(MOST) == {}
    assert watched.runs.total() < MOST


async def test_forgetting_reads_what_it_forgets(here: Village) -> None:
    now, dealt, read = here.services.clock.now(), {}, {}

    for past in PASTS:
        async with here.services.database.transaction() as session:
            if past.name in OVER:
                old = now - past.kept - dt.timedelta(days=1)
                await session.execute(text(OVER[past.name]), {"old": old, "most": FEW})
        with watching(here.services.database) as watched:
            dealt[past.name] = await forget(here.services, past)
        read[past.name] = watched.over(
            8 * FEW + MOST
        )  # of each its own entries, older ones too, and those that point at it

    assert dealt == {past.name: FEW if past.name in OVER else 0 for past in PASTS}
    assert read == {past.name: {} for past in PASTS}


async def test_a_statement_that_reads_a_whole_table_is_seen(here: Village) -> None:
    count = "SELECT count(amount_fen) FROM payment_order"

    with watching(here.services.database) as watched:
        async with here.services.database.transaction() as session:
            await session.execute(text(count))
            await session.execute(text("SELECT 1 FROM payment_order LIMIT 1"))

    assert watched.over(MOST) == {count: {"payment_order": PAYMENTS}}
