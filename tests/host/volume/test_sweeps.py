"""What is long done costs the jobs worker nothing: rows read are counted, never time."""

from sqlalchemy import text
from tests.host.village import Village
from tests.host.volume.conftest import PAYMENTS
from tests.host.volume.watching import MOST, UNTIL_PLANNED_FOR_GOOD, watching

from yimen_host.jobs import Jobs
from yimen_host.runtime.metrics.view import still


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


async def test_a_statement_that_reads_a_whole_table_is_seen(here: Village) -> None:
    count = "SELECT count(amount_fen) FROM payment_order"

    with watching(here.services.database) as watched:
        async with here.services.database.transaction() as session:
            await session.execute(text(count))
            await session.execute(text("SELECT 1 FROM payment_order LIMIT 1"))

    assert watched.over(MOST) == {count: {"payment_order": PAYMENTS}}
