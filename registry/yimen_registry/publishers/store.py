"""All SQL of publishers and their members."""

from dataclasses import dataclass

from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_registry.database import written
from yimen_registry.publishers.models import MemberRow, PublisherRow, PublisherState
from yimen_registry.publishers.roles import Role


@dataclass(frozen=True)
class Publisher:
    """A publisher 开发者 as others see it."""

    id: str
    name: str
    title: str
    state: PublisherState


@dataclass(frozen=True)
class Member:
    """Somebody who acts for a publisher."""

    subject: str
    role: Role


async def add(session: AsyncSession, row: PublisherRow) -> bool:
    """Add a publisher; False when the name is taken."""
    added = insert(PublisherRow).values(row.model_dump()).on_conflict_do_nothing(index_elements=["name"])
    return (await session.execute(added.returning(col(PublisherRow.id)))).scalar_one_or_none() is not None


async def publisher(session: AsyncSession, publisher_id: str) -> Publisher | None:
    """Return a publisher by its id."""
    row = await session.get(PublisherRow, publisher_id, populate_existing=True)
    return _publisher(row) if row else None


async def all_publishers(session: AsyncSession) -> list[Publisher]:
    """Return every publisher, by name."""
    rows = await session.execute(select(PublisherRow).order_by(PublisherRow.name))
    return [_publisher(row) for row in rows.scalars()]


async def of_subject(session: AsyncSession, subject: str) -> list[tuple[Publisher, Role]]:
    """Return the publishers somebody belongs to, and as what."""
    query = (
        select(PublisherRow, MemberRow.role)
        .join(MemberRow, col(MemberRow.publisher_id) == PublisherRow.id)
        .where(MemberRow.subject == subject)
        .order_by(PublisherRow.name)
    )
    return [(_publisher(row), Role(role)) for row, role in await session.execute(query)]


async def set_state(session: AsyncSession, publisher_id: str, *, was: PublisherState, to: PublisherState) -> bool:
    """Switch a publisher; False when it was not in the state it should be in."""
    changed = (
        update(PublisherRow)
        .where(col(PublisherRow.id) == publisher_id, col(PublisherRow.state) == was)
        .values(state=to)
    )
    return written(await session.execute(changed)) == 1


async def role_of(session: AsyncSession, publisher_id: str, subject: str) -> Role | None:
    """Return as what somebody belongs to a publisher."""
    query = select(MemberRow.role).where(MemberRow.publisher_id == publisher_id, MemberRow.subject == subject)
    role = (await session.execute(query)).scalar_one_or_none()
    return Role(role) if role else None


async def members(session: AsyncSession, publisher_id: str) -> list[Member]:
    """Return who acts for a publisher."""
    query = select(MemberRow).where(MemberRow.publisher_id == publisher_id).order_by(col(MemberRow.added_at))
    return [Member(row.subject, Role(row.role)) for row in (await session.execute(query)).scalars()]


async def put_member(session: AsyncSession, row: MemberRow) -> None:
    """Add a member, or give a member another role."""
    added = insert(MemberRow).values(row.model_dump())
    await session.execute(
        added.on_conflict_do_update(index_elements=["publisher_id", "subject"], set_={"role": row.role})
    )


async def remove_member(session: AsyncSession, publisher_id: str, subject: str) -> bool:
    """Remove a member; False when there is no such member."""
    removed = delete(MemberRow).where(col(MemberRow.publisher_id) == publisher_id, col(MemberRow.subject) == subject)
    return written(await session.execute(removed)) == 1


async def lock(session: AsyncSession, publisher_id: str) -> None:
    """Let nobody else change the members of a publisher until this transaction ends."""
    await session.execute(select(PublisherRow.id).where(PublisherRow.id == publisher_id).with_for_update())


async def owners(session: AsyncSession, publisher_id: str) -> int:
    """Return how many owners a publisher has."""
    query = (
        select(func.count())
        .select_from(MemberRow)
        .where(col(MemberRow.publisher_id) == publisher_id, col(MemberRow.role) == Role.OWNER)
    )
    return (await session.execute(query)).scalar_one()


def _publisher(row: PublisherRow) -> Publisher:
    return Publisher(row.id, row.name, row.title, PublisherState(row.state))
