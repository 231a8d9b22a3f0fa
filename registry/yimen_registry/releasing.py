"""The part of the façade that decides whom a version serves."""

import asyncio
from collections.abc import Collection, Sequence

from yimen_registry.apps import store as apps
from yimen_registry.apps import switch as app_switch
from yimen_registry.apps.models import AppState
from yimen_registry.desk import Desk
from yimen_registry.publishers import switch as publisher_switch
from yimen_registry.records import ReleaseRecord, record_of
from yimen_registry.releases import rollout
from yimen_registry.releases import store as releases
from yimen_registry.releases.models import Severity
from yimen_registry.releases.reach import Reach
from yimen_registry.releases.store import Release
from yimen_registry.wheel import verify_tree


class Releasing(Desk):
    """Releases and kill switches. `by` is always the account that acts; who may is the host's to decide."""

    async def release(
        self,
        app_id: str,
        version: str,
        *,
        stage: str,
        by: str,
        percent: int = 0,
        pilots: Sequence[str] = (),
    ) -> Release:
        """Bring an approved version to `pilot`, `gray` or `live`.

        Raises NotFound, Invalid, WrongStage, or ReleaseUnfit when the host cannot run it any more.
        """
        async with self.acting() as session:
            return await rollout.move(
                session,
                self.now(),
                app_id=app_id,
                version=version,
                stage=stage,
                by=by,
                percent=percent,
                pilots=pilots,
                require_fit=self.require_fit,
            )

    async def roll_back(self, app_id: str, *, by: str, reason: str, to: str | None = None) -> Release | None:
        """Take back what was shown last, and return what is live now.

        Raises NotFound, Invalid, WrongStage, or ReleaseUnfit when the host cannot run it any more.
        """
        async with self.acting() as session:
            return await rollout.roll_back(
                session, self.now(), app_id=app_id, by=by, reason=reason, to=to, require_fit=self.require_fit
            )

    async def yank(self, app_id: str, version: str, *, by: str, severity: Severity, reason: str) -> Release:
        """Withdraw a release for good; a critical one is confirmed by a second person's call.

        Raises NotFound, Invalid, WrongStage or SecondPersonNeeded.
        """
        async with self.acting() as session:
            return await rollout.yank(
                session,
                self.now(),
                app_id=app_id,
                version=version,
                by=by,
                severity=severity,
                reason=reason,
            )

    async def suspend_app(self, app_id: str, *, by: str, reason: str) -> None:
        """Stop a mini-app at once; it can be resumed. Raises NotFound, Invalid or Conflict."""
        async with self.acting() as session:
            await app_switch.suspend(session, self.now(), app_id=app_id, by=by, reason=reason)

    async def resume_app(self, app_id: str, *, by: str, reason: str) -> None:
        """Let a suspended mini-app run again. Raises NotFound, Invalid or Conflict."""
        async with self.acting() as session:
            await app_switch.resume(session, self.now(), app_id=app_id, by=by, reason=reason)

    async def remove_app(self, app_id: str, *, by: str, reason: str, kept: str) -> None:
        """Remove a suspended mini-app for good; `kept` says what became of its data.

        Raises NotFound, Invalid, or Conflict when it is not suspended.
        """
        async with self.acting() as session:
            await app_switch.remove(session, self.now(), app_id=app_id, by=by, reason=reason, kept=kept)

    async def stopped_apps(self) -> dict[str, AppState]:
        """Return the mini-apps that may not run: suspended, their publisher suspended, or removed."""
        async with self.reading() as session:
            return await apps.stopped(session)

    async def suspend_publisher(self, publisher_id: str, *, by: str, reason: str) -> None:
        """Stop everything of a publisher at once; it can be resumed. Raises NotFound, Invalid or Conflict."""
        async with self.acting() as session:
            await publisher_switch.suspend(session, self.now(), publisher_id=publisher_id, by=by, reason=reason)

    async def resume_publisher(self, publisher_id: str, *, by: str, reason: str) -> None:
        """Let a suspended publisher's mini-apps run again. Raises NotFound, Invalid or Conflict."""
        async with self.acting() as session:
            await publisher_switch.resume(session, self.now(), publisher_id=publisher_id, by=by, reason=reason)

    async def releases_of(self, app_id: str) -> list[Release]:
        """Return the releases of a mini-app, the latest approved first."""
        async with self.reading() as session:
            return await releases.of_app(session, app_id)

    async def reaches(self, app_ids: Collection[str]) -> dict[str, Reach]:
        """Return how far each of these mini-apps reaches, kill switches left out."""
        async with self.reading() as session:
            return await releases.reaches(session, app_ids)

    async def verify(self, record: ReleaseRecord) -> None:
        """Hash the tree of a release again, before it runs. Raises TreeAltered when it is not what was approved."""
        await asyncio.to_thread(verify_tree, record.tree, record.tree_digest)

    async def live_releases(self) -> list[ReleaseRecord]:
        """Return what the runtime must be able to run: every release that serves somebody."""
        async with self.reading() as session:
            return [record_of(release, self.blobs) for release in await releases.serving(session)]
