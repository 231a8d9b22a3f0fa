"""The kill switch of one publisher: every mini-app stops, every token is refused. It can be undone."""

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_registry.apps import store as apps
from yimen_registry.errors import Conflict, Invalid, NotFound
from yimen_registry.log import store as log
from yimen_registry.publishers import store
from yimen_registry.publishers.models import PublisherState
from yimen_registry.releases.store import announce


async def suspend(session: AsyncSession, now: dt.datetime, *, publisher_id: str, by: str, reason: str) -> None:
    """Stop everything of a publisher. Raises NotFound, Invalid, or Conflict when it is suspended."""
    await _switch(session, publisher_id, was=PublisherState.ACTIVE, to=PublisherState.SUSPENDED, reason=reason)
    await _tell(session, now, publisher_id, by, "publisher.suspended", reason)


async def resume(session: AsyncSession, now: dt.datetime, *, publisher_id: str, by: str, reason: str) -> None:
    """Let everything of a publisher run again. Raises NotFound, Invalid, or Conflict when it is not suspended."""
    await _switch(session, publisher_id, was=PublisherState.SUSPENDED, to=PublisherState.ACTIVE, reason=reason)
    await _tell(session, now, publisher_id, by, "publisher.resumed", reason)


async def _switch(
    session: AsyncSession, publisher_id: str, *, was: PublisherState, to: PublisherState, reason: str
) -> None:
    if not reason.strip():
        raise Invalid("give a reason")
    if not await store.set_state(session, publisher_id, was=was, to=to):
        if await store.publisher(session, publisher_id) is None:
            raise NotFound(f"there is no publisher {publisher_id}")
        raise Conflict(f"the publisher {publisher_id} is {to} already")


async def _tell(session: AsyncSession, now: dt.datetime, publisher_id: str, by: str, act: str, reason: str) -> None:
    await log.append(session, now, actor=by, act=act, thing=publisher_id, details={"reason": reason})
    for app in await apps.of_publisher(session, publisher_id):
        await announce(session, app.id)
