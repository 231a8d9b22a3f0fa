"""Removes a mini-app for good: its data is exported if wanted, then everything it kept is erased.

The order makes a removal that breaks off one that is finished later: first nobody may start it again, last goes the row
that says something is left (``finish`` looks for it).
"""

import asyncio
import contextlib
import logging
import os
import shutil
from pathlib import Path

import psycopg
from sqlalchemy.ext.asyncio import AsyncSession

from yimen_host.core import deadletters
from yimen_host.core.errors import Refused
from yimen_host.core.services import Services
from yimen_host.identity import changes
from yimen_host.identity import store as identity
from yimen_host.identity.mandates import store as mandates
from yimen_host.payments.store import orders
from yimen_host.payments.webhooks import store as webhooks
from yimen_host.runtime import store
from yimen_host.runtime.export import export
from yimen_host.runtime.installs import Installs
from yimen_host.runtime.supervision import Supervision
from yimen_host.runtime.supervisor.belongings import Files, regular_files, unpacked
from yimen_registry import Registry

log = logging.getLogger("yimen.runtime")

SUSPENDED, REMOVED = "suspended", "removed"
EXPORTED, ERASED = "exported, then erased", "erased"


class Removals:
    """Removes mini-apps."""

    def __init__(self, services: Services, registry: Registry, supervision: Supervision) -> None:
        self._services = services
        self._registry = registry
        self._supervision = supervision
        self._installs = Installs(services)
        self._var = services.settings.var.absolute()

    async def erase_app(self, app_id: str, *, by: str, reason: str) -> None:
        """Remove a suspended mini-app and all it kept. Raises Refused unless it is suspended."""
        await self._halt(app_id, reason)
        await self._registry.remove_app(app_id, by=by, reason=reason, kept=ERASED)
        await self._erase(app_id)

    async def export_app(self, app_id: str, *, by: str, reason: str) -> Path:
        """The same, but first write what it kept into a file that admins may fetch; return where."""
        await self._halt(app_id, reason)
        place = self.exports(app_id) / f"{app_id}-{self._services.clock.now():%Y%m%d-%H%M%S}.zip"
        await self._export(app_id, place)
        await self._registry.remove_app(app_id, by=by, reason=reason, kept=EXPORTED)
        await self._erase(app_id)
        return place

    async def finish(self) -> None:
        """Erase what is left of removals that broke off."""
        removed = {app_id for app_id, state in (await self._registry.stopped_apps()).items() if state == REMOVED}
        async with self._services.database.transaction() as session:
            left = removed.intersection(await store.all_installed(session))
        for app_id in sorted(left):
            log.warning("finishing the removal of %s", app_id)
            await self._erase(app_id)

    def exports(self, app_id: str) -> Path:
        """Where the exports of a mini-app are."""
        return self._var / "exports" / app_id

    async def _halt(self, app_id: str, reason: str) -> None:
        """Let its processes end, so that nothing is written any more. Raises Refused unless it is suspended."""
        if not reason.strip():
            raise Refused("请填写原因。")
        if (await self._registry.stopped_apps()).get(app_id) != SUSPENDED:
            raise Refused("请先停用这个小程序，再移除它。")
        for release in await self._supervision.status():
            if release.app_id == app_id:
                await self._supervision.disarm(app_id, release.version)

    async def _export(self, app_id: str, place: Path) -> None:
        half, schema = place.with_suffix(".half"), self._installs.place(app_id)
        try:
            async with self._installs.spared(app_id) as address:
                with await self._files(app_id) as files:
                    await asyncio.to_thread(export, address, schema, files, half)
        except (psycopg.Error, OSError) as error:
            half.unlink(missing_ok=True)
            log.exception("%s could not be exported", app_id)
            raise Refused("导出没有成功，什么也没有删除；原因在主机的日志里。") from error
        half.rename(place)

    async def _files(self, app_id: str) -> contextlib.closing[Files]:
        """What it keeps in its directory, read by the supervisor where a user of its own owns it."""
        package = await self._supervision.export(app_id, self._data(app_id))
        return contextlib.closing(unpacked(package) if package else regular_files(self._data(app_id)))

    async def _erase(self, app_id: str) -> None:
        if await self._supervision.erase(app_id, self._data(app_id)):
            await asyncio.to_thread(os.rmdir, self._data(app_id))
        else:
            await asyncio.to_thread(shutil.rmtree, self._data(app_id), ignore_errors=False, onerror=_gone_already)
        await self._installs.uninstall(app_id)
        async with self._services.database.transaction() as session:
            await self._end_what_acts_for(session, app_id)
            await identity.forget_app(session, app_id)
            await deadletters.forget_destination(session, f"app:{app_id}")
            await store.forget_app(session, app_id)
        log.info("%s and all it kept is erased", app_id)

    async def _end_what_acts_for(self, session: AsyncSession, app_id: str) -> None:
        """Nobody pays it, hears of it or uses it for another any more. What was paid and decided stays written."""
        now = self._services.clock.now()
        await orders.end_time_of_app(session, app_id, now)
        await webhooks.forget_app(session, app_id)
        for person in await mandates.end_of_app(session, app_id, now):
            await changes.tell(session, self._services.keyring, person)

    def _data(self, app_id: str) -> Path:
        return self._var / "apps" / app_id


def _gone_already(function: object, path: str, failure: object) -> None:
    error = failure[1]  # type: ignore[index]  # what sys.exc_info gives
    if not isinstance(error, FileNotFoundError):
        raise error
