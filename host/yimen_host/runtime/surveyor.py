"""Measures what mini-apps keep in the database again and again, and stops who is over their quota.

Nothing finer holds: a mini-app owns its tables, so it takes back whatever forbids it to write.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psycopg

from yimen_host.core import alerts
from yimen_host.core.alerts import Alert
from yimen_host.core.services import Services
from yimen_host.runtime import footprint, roles, stops
from yimen_host.runtime.footprint import Place
from yimen_host.runtime.quotas import Quota
from yimen_host.runtime.sandbox.confinement import MIB

LOOK_SECONDS = 5.0
REST = 20
"""Times a look's own time: with very many tables it is taken less often, and costs a twentieth of one processor."""
LOCK_MILLISECONDS = 500
"""To wait for a table that is locked."""
NEARLY = 0.9
"""Of a quota: its publisher is told in time."""

log = logging.getLogger("yimen.runtime")


@dataclass(frozen=True)
class Kept:
    """What a mini-app keeps in the database."""

    size: int
    """In bytes."""
    most: int
    """Its quota, in bytes."""
    is_stopped: bool


class Surveyor:
    """Measures, and judges by the quotas of the mini-apps."""

    def __init__(self, services: Services, quota_of: Callable[[str], Quota]) -> None:
        self._services = services
        self._owner = services.database.url
        self._quota_of = quota_of
        self._hidden: frozenset[str] = frozenset()
        """Roles that could not be measured at the last look."""
        self._told: set[tuple[Alert, str, dt.date]] = set()
        self.kept: Mapping[str, Kept] = {}
        """By mini-app, as of the last look; empty while another process looks."""

    async def look(self, link: roles.Connection) -> float:
        """Measure every mini-app once, stop who is over, and let go on who is not any more.

        Return the seconds to the next time.
        """
        began = time.monotonic()
        await link.execute(f"SET lock_timeout = {LOCK_MILLISECONDS}".encode())
        places = [place for place in await footprint.places(link, self._owner) if not place.is_spared]
        sizes = await self._measured(link, places)
        kept = {}
        for place in places:
            app_id = roles.app_of(self._owner, place.role)
            size = sizes.get(place.role)
            try:
                kept[app_id] = await self._judge(link, place, app_id, size)
            except psycopg.errors.UndefinedObject:
                continue  # it was removed meanwhile
            except psycopg.Error as error:
                if link.broken:
                    raise
                log.error("%s could not be stopped, trying again: %s", app_id, error)
        self._hidden = frozenset(place.role for place in places if place.role not in sizes)
        self.kept = kept
        return max(LOOK_SECONDS, REST * (time.monotonic() - began))

    async def _measured(self, link: roles.Connection, places: list[Place]) -> Mapping[str, int]:
        """All at once, or one by one while somebody locks a table: those who do so are missing."""
        try:
            return await footprint.sizes(link, [place.role for place in places])
        except psycopg.errors.LockNotAvailable:
            found: dict[str, int] = {}
            for place in places:
                try:
                    found |= await footprint.sizes(link, [place.role])
                except psycopg.errors.LockNotAvailable:
                    log.info("%s locks its tables and was not measured", place.role)
            return found

    async def _judge(self, link: roles.Connection, place: Place, app_id: str, size: int | None) -> Kept:
        quota = self._quota_of(app_id)
        most, before = quota.database_mib * MIB, self.kept.get(app_id)
        if size is None:
            # Twice in a row it hides; stopped, it can be measured at the next look.
            is_stopped, size = place.is_stopped or place.role in self._hidden, before.size if before else 0
        else:
            is_stopped = size > most
        if is_stopped:
            await self._keep_out(link, place, before, size)
        elif place.is_stopped:
            await stops.let_on(link, place.role, quota)
        if is_stopped != place.is_stopped:
            log.warning("%s: %s with %s of %s bytes", app_id, "stopped" if is_stopped else "goes on", size, most)
        if size > NEARLY * most:
            await self._tell(Alert.DATABASE_FULL if size > most else Alert.DATABASE_NEARLY_FULL, app_id, quota)
        return Kept(size, most, is_stopped)

    async def _keep_out(self, link: roles.Connection, place: Place, before: Kept | None, size: int) -> None:
        """Stop it, and again where that may have been cut short or does not hold."""
        if place.is_stopped and before is not None and before.is_stopped:
            if size <= before.size:
                return
            log.error("%s grows although it is stopped: others may write for it", place.role)
        await stops.stop(link, place.role)

    async def _tell(self, kind: Alert, app_id: str, quota: Quota) -> None:
        """Once a day."""
        now = self._services.clock.now()
        told = (kind, app_id, alerts.day_of(now))
        if told not in self._told:
            data = {"app_id": app_id, "mib": quota.database_mib}
            async with self._services.database.transaction() as session:
                await alerts.raise_alert(session, kind, f"{app_id}:{told[2]}", data, now)
            self._told = {one for one in self._told if one[2] == told[2]} | {told}
