"""A mini-app under development: its project directory served beside the released ones, anew after each change.

Only in the demo, for `yimen dev`. It runs as a release does: same runner, same sandbox, same gateway.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from yimen_host.core.tasks import stopped
from yimen_host.runtime.directory import LIVE, LiveRelease, ReleaseSource
from yimen_host.runtime.supervision import Supervision, SupervisorUnavailable
from yimen_sdk.manifest import Manifest, ManifestError
from yimen_sdk.rules import NotAMiniApp, from_project
from yimen_sdk.terminal import language_of

log = logging.getLogger("yimen.dev")

LOOK_SECONDS = 0.4
LINES = 200


@dataclass(frozen=True)
class WorkingCopy:
    """The project as a release of which everybody gets all."""

    app_id: str
    version: str
    tree: Path
    module: str
    manifest: Manifest
    stage: str = LIVE
    percent: int = 100
    pilots: tuple[str, ...] = ()


class Project:
    """A source of releases: what another source tells, with the working copy in the place of its own mini-app."""

    def __init__(self, source: ReleaseSource, directory: Path) -> None:
        self._source = source
        self._directory = directory
        self._fault = ""
        """What was told last; the same again is no news."""

    async def live_releases(self) -> Sequence[LiveRelease]:
        """The other source's releases, and the working copy; a copy with faults is left out and they are told."""
        released = await self._source.live_releases()
        copy = await asyncio.to_thread(self.copy)
        if copy is None:
            return released
        return [release for release in released if release.app_id != copy.app_id] + [copy]

    async def stopped_apps(self) -> Mapping[str, str]:
        """What the other source tells."""
        return await self._source.stopped_apps()

    async def verify(self, release: LiveRelease) -> None:
        """Verify what was reviewed; a working copy was not."""
        if not isinstance(release, WorkingCopy):
            await self._source.verify(release)

    def copy(self) -> WorkingCopy | None:
        """The working copy as it is now; its version ends in a digest of its files."""
        try:
            subject = from_project(self._directory)
        except ManifestError as error:
            self._tell(error.tell(language_of(os.environ)))
            return None
        except NotAMiniApp as error:
            self._tell(error.tell(language_of(os.environ)))
            return None
        except OSError as error:
            self._tell(str(error))
            return None
        self._fault = ""
        manifest = subject.manifest
        assert manifest.module is not None  # a project names its entry point
        digest = sha256()
        for path in subject.files:
            digest.update(path.name.encode() + path.read_bytes())
        version = f"{manifest.version}+dev.{digest.hexdigest()[:8]}"
        return WorkingCopy(manifest.id, version, self._directory, manifest.module, manifest)

    def _tell(self, fault: str) -> None:
        if fault != self._fault:
            log.error("%s", fault)
        self._fault = fault


class Watcher:
    """Looks for changes, and tells the terminal what the mini-app writes."""

    def __init__(self, project: Project, supervision: Supervision, changed: Callable[[], Awaitable[None]]) -> None:
        self._project = project
        self._supervision = supervision
        self._changed = changed
        self._told: list[str] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """End looking."""
        task, self._task = self._task, None
        await stopped(task)

    async def _look(self) -> None:
        known = await asyncio.to_thread(self._project.copy)
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = await asyncio.to_thread(self._project.copy)
            if now is not None and (known is None or now.version != known.version):
                log.info("%s changed, serving %s", now.app_id, now.version)
                known, self._told = now, []
                await self._changed()
            if known is not None:
                await self._tell(known)

    async def _tell(self, copy: WorkingCopy) -> None:
        with contextlib.suppress(SupervisorUnavailable):
            lines = await self._supervision.log(copy.app_id, copy.version, LINES)
            fresh = lines[len(self._told) :] if lines[: len(self._told)] == self._told else lines
            for line in fresh:
                print(f"[{copy.app_id}] {line}", flush=True)
            self._told = lines
