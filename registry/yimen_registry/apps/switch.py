"""The kill switch of one mini-app. One person may throw it, for it can be undone."""

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_registry.apps import store
from yimen_registry.apps.models import AppState
from yimen_registry.errors import Conflict, Invalid, NotFound
from yimen_registry.log import store as log
from yimen_registry.releases.store import announce


async def suspend(session: AsyncSession, now: dt.datetime, *, app_id: str, by: str, reason: str) -> None:
    """Stop a mini-app. Raises NotFound, Invalid, or Conflict when it is suspended."""
    await _switch(session, app_id, was=AppState.ACTIVE, to=AppState.SUSPENDED, reason=reason)
    await log.append(session, now, actor=by, act="app.suspended", thing=app_id, details={"reason": reason})
    await announce(session, app_id)


async def resume(session: AsyncSession, now: dt.datetime, *, app_id: str, by: str, reason: str) -> None:
    """Let a mini-app run again. Raises NotFound, Invalid, or Conflict when it is not suspended."""
    await _switch(session, app_id, was=AppState.SUSPENDED, to=AppState.ACTIVE, reason=reason)
    await log.append(session, now, actor=by, act="app.resumed", thing=app_id, details={"reason": reason})
    await announce(session, app_id)


async def _switch(session: AsyncSession, app_id: str, *, was: AppState, to: AppState, reason: str) -> None:
    if not reason.strip():
        raise Invalid("give a reason")
    if not await store.set_state(session, app_id, was=was, to=to):
        if await store.app(session, app_id) is None:
            raise NotFound(f"there is no mini-app {app_id!r}")
        raise Conflict(f"{app_id} is {to} already")
