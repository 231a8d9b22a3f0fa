"""All SQL of mini-apps."""

from dataclasses import dataclass

from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_registry.apps.models import AppRow, AppState
from yimen_registry.database import written
from yimen_registry.publishers.models import PublisherRow, PublisherState


@dataclass(frozen=True)
class App:
    """A mini-app and whose it is."""

    id: str
    distribution: str
    publisher_id: str
    state: AppState


async def add(session: AsyncSession, row: AppRow) -> bool:
    """Add a mini-app; False when its id, a name like it, or its distribution is taken."""
    added = insert(AppRow).values(row.model_dump()).on_conflict_do_nothing()
    return (await session.execute(added.returning(col(AppRow.id)))).scalar_one_or_none() is not None


async def app(session: AsyncSession, app_id: str) -> App | None:
    """Return a mini-app by its id."""
    row = await session.get(AppRow, app_id, populate_existing=True)
    return _app(row) if row else None


async def locked(session: AsyncSession, app_id: str) -> App | None:
    """Return a mini-app, and let nobody else change its releases until this transaction ends."""
    row = await session.get(AppRow, app_id, populate_existing=True, with_for_update=True)
    return _app(row) if row else None


async def by_distribution(session: AsyncSession, distribution: str) -> App | None:
    """Return a mini-app by its normalised distribution name."""
    query = select(AppRow).where(AppRow.distribution == distribution)
    row = (await session.execute(query)).scalar_one_or_none()
    return _app(row) if row else None


async def of_publisher(session: AsyncSession, publisher_id: str) -> list[App]:
    """Return a publisher's mini-apps, by id."""
    query = select(AppRow).where(AppRow.publisher_id == publisher_id).order_by(AppRow.id)
    return [_app(row) for row in (await session.execute(query)).scalars()]


async def all_apps(session: AsyncSession) -> list[App]:
    """Return every mini-app, by id."""
    return [_app(row) for row in (await session.execute(select(AppRow).order_by(AppRow.id))).scalars()]


async def stopped(session: AsyncSession) -> dict[str, AppState]:
    """Return the mini-apps that may not run, by their own state or their publisher's."""
    query = (
        select(AppRow.id, AppRow.state)
        .join(PublisherRow, col(PublisherRow.id) == AppRow.publisher_id)
        .where(or_(col(AppRow.state) != AppState.ACTIVE, col(PublisherRow.state) != PublisherState.ACTIVE))
    )
    found = (await session.execute(query)).all()
    return {app_id: AppState.REMOVED if state == AppState.REMOVED else AppState.SUSPENDED for app_id, state in found}


async def set_state(session: AsyncSession, app_id: str, *, was: AppState, to: AppState) -> bool:
    """Switch a mini-app; False when it was not in the state it should be in."""
    changed = update(AppRow).where(col(AppRow.id) == app_id, col(AppRow.state) == was).values(state=to)
    return written(await session.execute(changed)) == 1


def _app(row: AppRow) -> App:
    return App(row.id, row.distribution, row.publisher_id, AppState(row.state))
