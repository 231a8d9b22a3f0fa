"""Ends what mini-apps' sessions at the database do for too long: looks every second, with the owner's rights."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable

from psycopg import sql
from psycopg.rows import class_row
from sqlalchemy.engine import URL

from yimen_host.runtime import roles
from yimen_host.runtime.overtime import Cancel, Excess, Session, Terminate, judge
from yimen_host.runtime.quotas import Quota

LOOK_SECONDS = 1.0
_SESSIONS = sql.SQL("""
SELECT a.pid, a.backend_start::text AS began, a.usename::text AS role,
  a.state IN ('active', 'fastpath function call') AS is_busy,
  coalesce(extract(epoch FROM clock_timestamp() - a.query_start), 0)::float8 AS statement,
  extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS transaction,
  EXISTS (SELECT 1 FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'advisory' AND l.granted)
    AS holds_advisory_lock, a.datname <> current_database() AS is_elsewhere
FROM pg_stat_activity a
WHERE a.backend_type = 'client backend' AND starts_with(a.usename::text, %(prefix)s)
  AND (a.datname <> current_database() OR NOT {is_spared})
""").format(is_spared=roles.is_spared(sql.Identifier("a", "usename")))
_SAME = "FROM pg_stat_activity WHERE pid = %s AND backend_start::text = %s"
"""A number may belong to another session by now."""

log = logging.getLogger("yimen.runtime")


class Reaper:
    """Judges sessions by the quotas of their mini-apps."""

    def __init__(self, owner: URL, quota_of: Callable[[str], Quota]) -> None:
        self._owner = owner
        self._quota_of = quota_of
        self._holding: frozenset[tuple[int, str]] = frozenset()
        self.ended: defaultdict[Excess, Counter[str]] = defaultdict(Counter)
        """What was ended, by what was too much and mini-app, since this process began."""

    async def look(self, link: roles.Connection) -> float:
        """Judge every mini-app's session once; return the seconds to the next time."""
        values = {"prefix": roles.prefix(self._owner)}
        async with link.cursor(row_factory=class_row(Session)) as cursor:
            sessions = await (await cursor.execute(_SESSIONS, values)).fetchall()
        for session in sessions:
            app_id = roles.app_of(self._owner, session.role)
            known = (session.pid, session.began) in self._holding
            verdict = judge(session, self._quota_of(app_id), held_before=known)
            if verdict is not None:
                await self._carry_out(link, session, verdict, app_id)
        self._holding = frozenset((one.pid, one.began) for one in sessions if one.holds_advisory_lock)
        return LOOK_SECONDS

    async def _carry_out(
        self, link: roles.Connection, session: Session, verdict: Cancel | Terminate, app_id: str
    ) -> None:
        act = "pg_cancel_backend" if isinstance(verdict, Cancel) else "pg_terminate_backend"
        done = await link.execute(f"SELECT {act}(pid) {_SAME}".encode(), (session.pid, session.began))
        if await done.fetchone() is not None:
            self.ended[verdict.excess][app_id] += 1
            log.warning("%s: a session at the database was over its %s", app_id, verdict.excess)
