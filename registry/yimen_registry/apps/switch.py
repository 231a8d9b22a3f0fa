"""The kill switch of one mini-app, which can be undone, and its removal, which cannot."""

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_registry.apps import store
from yimen_registry.apps.models import AppState
from yimen_registry.errors import Conflict, Invalid, NotFound
from yimen_registry.log import store as log
from yimen_registry.releases.store import announce
from yimen_registry.tokens import store as tokens


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


async def remove(session: AsyncSession, now: dt.datetime, *, app_id: str, by: str, reason: str, kept: str) -> None:
    """Remove a suspended mini-app for good, and end the tokens that are for it; `kept` says what became of its data.

    Raises NotFound, Invalid, or Conflict when it is not suspended.
    """
    if not reason.strip():
        raise Invalid("give a reason")
    if not await store.set_state(session, app_id, was=AppState.SUSPENDED, to=AppState.REMOVED):
        found = await store.app(session, app_id)
        if found is None:
            raise NotFound(f"there is no mini-app {app_id!r}")
        raise Conflict(f"{app_id} is {found.state}; only a suspended mini-app can be removed")
    await tokens.revoke_of_app(session, app_id, now)
    details = {"reason": reason, "data": kept}
    await log.append(session, now, actor=by, act="app.removed", thing=app_id, details=details)
    await announce(session, app_id)


async def _switch(session: AsyncSession, app_id: str, *, was: AppState, to: AppState, reason: str) -> None:
    if not reason.strip():
        raise Invalid("give a reason")
    if not await store.set_state(session, app_id, was=was, to=to):
        found = await store.app(session, app_id)
        if found is None:
            raise NotFound(f"there is no mini-app {app_id!r}")
        raise Conflict(f"{app_id} is {found.state} already")
