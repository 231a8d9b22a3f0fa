"""Whose a name is. The first upload takes it; a name that looks like another's is refused."""

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_registry.apps import store
from yimen_registry.apps.models import AppRow, AppState
from yimen_registry.apps.store import App
from yimen_registry.errors import AppRemoved, NotAllowed
from yimen_registry.log import store as log

_LOOKS_LIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "2": "z", "8": "b", "-": None})
"""Characters that a hurried reader takes for one another in an address bar."""


class NameNotYours(NotAllowed):
    """The mini-app's id or its distribution belongs to another publisher, or to another mini-app of yours."""

    code = "name_not_yours"


def skeleton(app_id: str) -> str:
    """Reduce an id to what it looks like: `tax-bureau`, `taxbureau` and `tax8ureau` are one."""
    return app_id.translate(_LOOKS_LIKE).replace("rn", "m").replace("vv", "w")


async def claim(
    session: AsyncSession, now: dt.datetime, *, app_id: str, distribution: str, publisher_id: str, by: str
) -> App:
    """Return the mini-app, which becomes this publisher's when nobody has it. Raises NameNotYours and AppRemoved."""
    row = AppRow(
        id=app_id,
        skeleton=skeleton(app_id),
        distribution=distribution,
        publisher_id=publisher_id,
        state=AppState.ACTIVE,
        created_at=now,
    )
    if await store.add(session, row):
        details = {"distribution": distribution, "publisher": publisher_id}
        await log.append(session, now, actor=by, act="app.named", thing=app_id, details=details)
    app = await store.app(session, app_id)
    if app is None:
        raise NameNotYours(f"{app_id!r} looks like another mini-app, or {distribution!r} is another's")
    if (app.publisher_id, app.distribution) != (publisher_id, distribution):
        raise NameNotYours(f"{app_id!r} is distributed as {app.distribution!r} by its publisher")
    if app.state is AppState.REMOVED:
        raise AppRemoved(app_id)
    return app
