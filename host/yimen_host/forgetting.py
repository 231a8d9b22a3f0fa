"""Forgets what is over: which statement drops what, and how much of it at a time. How long it was kept is ``keeping``.

Each kind is dropped by a job of its own, in batches of one transaction each, and may be dropped twice at once.
"""

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core import bygone, deadletters, keeping
from yimen_host.core.services import Services
from yimen_host.identity import store as identity
from yimen_host.notices import store as notices
from yimen_host.notices.dispatches import store as dispatches
from yimen_host.payments.store import answers, attempts
from yimen_host.payments.webhooks import store as webhooks
from yimen_host.runtime import store as runtime

AT_ONCE = 1_000
BATCHES = 500
"""Of one run, every ten minutes: 72 million a day, where forty million people open a mini-app."""
AGAIN = dt.timedelta(days=7)
"""How long an old event that is still wanted is not looked at."""

Drop = Callable[[AsyncSession, dt.datetime, int], Awaitable[int]]
"""Drops at most so many that were over before a moment, and says how many it has dealt with."""


@dataclass(frozen=True)
class Past:
    """One kind of what is over."""

    name: str
    kept: dt.timedelta
    drop: Drop


async def forget(services: Services, past: Past) -> int:
    """Drop what was over for long enough, the oldest first; say how many were dealt with."""
    before, dealt = services.clock.now() - past.kept, 0
    for _ in range(BATCHES):
        async with services.database.transaction() as session:
            some = await past.drop(session, before, AT_ONCE)
        dealt += some
        if some < AT_ONCE:
            break
    return dealt


async def _events(session: AsyncSession, before: dt.datetime, limit: int) -> int:
    old = await bygone.due(session, before, limit)
    wanted = await bygone.undelivered(session, old)
    wanted |= await webhooks.telling_of(session, old) | await dispatches.telling_of(session, old)
    await bygone.forget(session, old - wanted)
    await bygone.look_again(session, wanted, before + AGAIN)
    return len(old)


PASTS = (
    Past("codes", keeping.CODES, identity.forget_codes),
    Past("tickets", keeping.TICKETS, runtime.forget_tickets),
    Past("app_sessions", keeping.APP_SESSIONS, runtime.forget_app_sessions),
    Past("sessions", keeping.SESSIONS, identity.forget_sessions),
    Past("answers", keeping.ANSWERS, answers.forget),
    Past("channel_notices", keeping.CHANNEL_NOTICES, attempts.forget_notices),
    Past("deliveries", keeping.DELIVERIES, webhooks.forget_delivered),
    Past("dispatches", keeping.DISPATCHES, dispatches.forget_sent),
    Past("events", keeping.EVENTS, _events),
    Past("secrets", keeping.SECRETS, webhooks.forget_secrets),
    Past("read_notices", keeping.READ_NOTICES, notices.forget_read),
    Past("chores", keeping.CHORES, deadletters.forget_chores),
)
