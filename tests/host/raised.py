"""The alerts that were raised, and the jobs that will tell of them: exactly one for each."""

from sqlalchemy import text

from yimen_host.core.database import Database


async def raised(database: Database) -> list[tuple[str, str]]:
    """Kind and object of each alert, in the order they were raised; each has one job."""
    async with database.transaction() as session:
        found = await session.execute(
            text("SELECT id, type, subject FROM outbox_event WHERE type LIKE 'yimen.alert.%' ORDER BY created_at, id")
        )
        jobs = await session.execute(
            text("SELECT args->>'event_id' FROM procrastinate_jobs WHERE args->>'destination' = 'alerts'")
        )
        rows = [(row.id, row.type.removeprefix("yimen.alert."), row.subject) for row in found]
        assert sorted(jobs.scalars()) == sorted(id_ for id_, _, _ in rows)
    return [(kind, about) for _, kind, about in rows]
