"""Founding a publisher, and who belongs to it. A publisher always has an owner."""

import datetime as dt
import re

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_registry.errors import Conflict, Invalid, NotAllowed, NotFound
from yimen_registry.ids import new_id
from yimen_registry.log import store as log
from yimen_registry.publishers import store
from yimen_registry.publishers.models import MemberRow, PublisherRow, PublisherState
from yimen_registry.publishers.roles import Right, Role, may
from yimen_registry.publishers.store import Publisher

_NAME = re.compile(r"[a-z][a-z0-9-]{1,38}[a-z0-9]")
MAX_TITLE = 60
"""Characters of a publisher's title: one line on a phone, two in elder mode."""


class NameTaken(Conflict):
    """Another publisher has this name."""

    code = "publisher_name_taken"


class PublisherSuspended(NotAllowed):
    """The platform has suspended the publisher: it brings in nothing until it is resumed."""

    code = "publisher_suspended"


class LastOwner(Conflict):
    """A publisher must keep an owner."""

    code = "last_owner"


async def found(session: AsyncSession, now: dt.datetime, *, name: str, title: str, owner: str) -> Publisher:
    """Create a publisher with its first owner. Raises Invalid or NameTaken."""
    if not _NAME.fullmatch(name):
        raise Invalid(f"{name!r} is not a publisher name: 3 to 40 lower-case letters, digits and hyphens")
    if not 1 <= len(title.strip()) <= MAX_TITLE:
        raise Invalid(f"a title has 1 to {MAX_TITLE} characters")
    row = PublisherRow(
        id=new_id("pub", now), name=name, title=title.strip(), state=PublisherState.ACTIVE, created_at=now
    )
    if not await store.add(session, row):
        raise NameTaken(f"the publisher name {name!r} is taken")
    await store.put_member(session, MemberRow(publisher_id=row.id, subject=owner, role=Role.OWNER, added_at=now))
    await log.append(session, now, actor=owner, act="publisher.founded", thing=row.id, details={"name": name})
    return Publisher(row.id, row.name, row.title, PublisherState.ACTIVE)


async def require(session: AsyncSession, publisher_id: str, subject: str, right: Right) -> Role:
    """Return the member's role. Raises NotFound for a stranger, NotAllowed for a member without the right."""
    role = await store.role_of(session, publisher_id, subject)
    if role is None:
        raise NotFound(f"there is no publisher {publisher_id} of yours")
    if not may(role, right):
        raise NotAllowed(f"a {role} may not {right} here")
    if right is Right.PUBLISH:
        await _require_active(session, publisher_id)
    return role


async def _require_active(session: AsyncSession, publisher_id: str) -> None:
    publisher = await store.publisher(session, publisher_id)
    if publisher is None or publisher.state is PublisherState.SUSPENDED:
        raise PublisherSuspended(f"the publisher {publisher_id} is suspended; ask the platform why")


async def add_member(
    session: AsyncSession, now: dt.datetime, *, publisher_id: str, subject: str, role: Role, by: str
) -> None:
    """Let somebody act for a publisher, or change as what. Raises NotAllowed, NotFound or LastOwner."""
    await store.lock(session, publisher_id)
    await require(session, publisher_id, by, Right.MANAGE)
    await store.put_member(session, MemberRow(publisher_id=publisher_id, subject=subject, role=role, added_at=now))
    await _keep_an_owner(session, publisher_id)
    details = {"member": subject, "role": role.value}
    await log.append(session, now, actor=by, act="publisher.member_added", thing=publisher_id, details=details)


async def remove_member(session: AsyncSession, now: dt.datetime, *, publisher_id: str, subject: str, by: str) -> None:
    """End a membership; members may always leave. Raises NotAllowed, NotFound or LastOwner."""
    await store.lock(session, publisher_id)
    await require(session, publisher_id, by, Right.SEE if by == subject else Right.MANAGE)
    if not await store.remove_member(session, publisher_id, subject):
        raise NotFound(f"{subject} is no member of {publisher_id}")
    await _keep_an_owner(session, publisher_id)
    details = {"member": subject}
    await log.append(session, now, actor=by, act="publisher.member_removed", thing=publisher_id, details=details)


async def _keep_an_owner(session: AsyncSession, publisher_id: str) -> None:
    if await store.owners(session, publisher_id) == 0:
        raise LastOwner("this is the last owner; make somebody else an owner first")
