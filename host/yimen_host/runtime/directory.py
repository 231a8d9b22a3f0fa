"""The live releases of every mini-app, in memory: what the gateway asks on each request, without a query."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from yimen_host.core.errors import HostError
from yimen_host.core.services import Services
from yimen_host.core.sockets import run_directory
from yimen_host.domains import Layout
from yimen_host.runtime.complaints import NOT_INSTALLED, SHARED_DOMAIN, Why
from yimen_host.runtime.gateway.ports import AppTarget, ReleaseTarget, TargetState
from yimen_host.runtime.installs import InstallError, Installs
from yimen_host.runtime.quotas import Quota, Quotas
from yimen_host.runtime.specs import Packaged, Specs
from yimen_host.runtime.supervision import Supervision, SupervisorRefused
from yimen_registry import RegistryError
from yimen_sdk.manifest import Manifest, Side
from yimen_sdk.saying import Said

log = logging.getLogger("yimen.runtime")

RETIRE_SECONDS = 5.0  # all processes hear of a change within one
BULKHEAD = 64  # requests of one mini-app at once in one host process


LIVE = "live"


class LiveRelease(Packaged, Protocol):
    """A release that is served, as the registry tells it."""

    @property
    def manifest(self) -> Manifest: ...
    @property
    def stage(self) -> str: ...
    @property
    def percent(self) -> int: ...
    @property
    def pilots(self) -> tuple[str, ...]: ...


class ReleaseSource(Protocol):
    """Where the live releases are read from: the registry."""

    async def live_releases(self) -> Sequence[LiveRelease]: ...

    async def stopped_apps(self) -> Mapping[str, str]:
        """The mini-apps that may not run: `suspended` or `removed`."""
        ...

    async def verify(self, release: Any) -> None:  # Any: the very value that this source gave
        """Make sure that the tree is the one that was reviewed; raises when it is not."""
        ...


@dataclass(frozen=True)
class Release:
    """A release that is armed on this machine."""

    app_id: str
    version: str
    manifest: Manifest
    tree: Path
    module: str
    stage: str
    percent: int
    pilots: tuple[str, ...]
    target: ReleaseTarget

    @property
    def socket(self) -> Path:
        """Where it answers."""
        return self.target.socket


class SharedDomain(HostError):
    """Mini-apps have no registrable domain of their own, and the operator did not accept that."""

    code = "shared_domain"
    status = 503

    def __init__(self, why: Said) -> None:
        super().__init__(why.message)
        self.why = why


class LiveDirectory:
    """Keeps the releases that are served and their sockets; the gateway's port ``Directory``."""

    def __init__(
        self,
        services: Services,
        source: ReleaseSource,
        supervision: Supervision,
        installs: Installs,
        quotas: Quotas,
    ) -> None:
        self._services = services
        self._source = source
        self._supervision = supervision
        self._installs = installs
        self._quotas = quotas
        self._specs = Specs(services, installs, quotas)
        self._limited: dict[str, Quota] = {}
        """The limits that hold at the database and the supervisor, by mini-app."""
        self._full: frozenset[str] = frozenset()
        """Those that keep too much in the database."""
        self.left_out: dict[tuple[str, str], Why] = {}
        """Releases, by mini-app and version, that should be served here and cannot be, each with its reason."""
        self._apps: dict[str, tuple[Release, ...]] = {}
        self._targets: dict[str, AppTarget] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self.run_dir = run_directory(services.settings.var)

    async def reload(self, before_arming: Callable[[str], Awaitable[None]]) -> bool:
        """Read the registry, install and arm what is new, let go what is no longer served; say whether that was any.

        ``before_arming`` opens what a mini-app needs of this process before its first request.

        A release that cannot be installed is left out, with its reason in the log and for its publisher; the others are
        not touched.
        """
        records, stopped = await self._source.live_releases(), await self._source.stopped_apps()
        fresh: dict[str, list[Release]] = {}
        left_out: dict[tuple[str, str], Why] = {}
        for record in records:
            try:
                self._require_a_domain(record)
                await before_arming(record.app_id)
                others = [other.version for other in records if other.app_id == record.app_id and other is not record]
                fresh.setdefault(record.app_id, []).append(await self._armed(record, others))
            except (HostError, RegistryError, SupervisorRefused, OSError, ValueError) as error:
                log.error("%s %s is not served: %s", record.app_id, record.version, error)
                left_out[record.app_id, record.version] = _told(error)
        self.left_out, self._full = left_out, await self._installs.full()
        before, known = self._all(), (self._apps, self._targets)
        self._apps = {app: tuple(sorted(found, key=_reach)) for app, found in fresh.items() if found}
        self._targets = {app: AppTarget(app, TargetState(state), None) for app, state in stopped.items()}
        self._targets |= self._live()
        for release in before:
            if self.release(release.app_id, release.version) is None:
                self._let_go(release)
        await self.limit()
        return known != (self._apps, self._targets)

    async def look_who_is_full(self) -> None:
        """Read which mini-apps keep too much in the database: residents are told so, and not sent there."""
        self._full = await self._installs.full()
        self._targets |= self._live()

    async def limit(self) -> None:
        """Tell the database and the supervisor the limits of what is served, where they are others than before."""
        for app_id in list(self._apps):
            quota = self._quotas.of(app_id)
            if self._limited.get(app_id) != quota:
                await self._installs.limit([app_id])
                for release in self._apps.get(app_id, ()):
                    await self._supervision.arm(self._specs.of(release))
                self._limited[app_id] = quota

    def find(self, app_id: str) -> AppTarget | None:
        """What the gateway needs to know of a mini-app, or None when there is none."""
        return self._targets.get(app_id)

    def main(self, app_id: str) -> Release | None:
        """The release of everybody whom no pilot and no gray one serves; None when nothing is live yet."""
        return next((r for r in self._apps.get(app_id, ()) if r.stage == LIVE), None)

    def release(self, app_id: str, version: str) -> Release | None:
        """One release, while it is served."""
        return next((r for r in self._apps.get(app_id, ()) if r.version == version), None)

    def choose(self, app_id: str, resident_id: str) -> Release | None:
        """The release of a resident's new session: a pilot's, the gray one 灰度 for a fixed share, the live one."""
        bucket = int.from_bytes(sha256(f"{app_id}:{resident_id}".encode()).digest()[:4]) % 100
        for release in self._apps.get(app_id, ()):
            if resident_id in release.pilots or bucket < release.percent:
                return release
        return None

    def releases(self) -> list[Release]:
        """The release of each mini-app that most residents get, by title."""
        shown = (release for found in self._apps.values() for release in found if release.stage == LIVE)
        return sorted(shown, key=lambda release: release.manifest.title.zh)

    async def _limit_at_first(self, app_id: str) -> None:
        """Before a mini-app's first release is armed: nothing runs without limits at the database."""
        if app_id not in self._limited:
            quota = self._quotas.of(app_id)
            await self._installs.limit([app_id])
            self._limited[app_id] = quota

    def _all(self) -> list[Release]:
        return [release for releases in self._apps.values() for release in releases]

    def _require_a_domain(self, record: LiveRelease) -> None:
        """Refuse strangers' pages on the portal's own registrable domain, unless the operator accepts that."""
        settings = self._services.settings
        if settings.layout is Layout.SHARED and not settings.accept_shared_domain:
            raise SharedDomain(SHARED_DOMAIN.said(origin=settings.app_origin(record.app_id)))

    def _live(self) -> dict[str, AppTarget]:
        return {app: self._target(app) for app in self._apps}

    def _target(self, app_id: str) -> AppTarget:
        main = self.main(app_id)
        state = TargetState.FULL if app_id in self._full else TargetState.LIVE
        return AppTarget(app_id, state, main.target if main else None, bulkhead=BULKHEAD)

    def _let_go(self, release: Release) -> None:
        """End a release after every process has stopped sending to it, unless it is served again by then."""

        async def later() -> None:
            await asyncio.sleep(RETIRE_SECONDS)
            key = (release.app_id, release.version)
            # Read anew: another process may have heard before this one that it was brought back.
            if key not in {(record.app_id, record.version) for record in await self._source.live_releases()}:
                await self._supervision.disarm(*key)

        task = asyncio.create_task(later())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _armed(self, record: LiveRelease, others: Collection[str]) -> Release:
        known = self.release(record.app_id, record.version)
        if known is None:
            await self._source.verify(record)
            await self._installs.install(record.app_id, record.tree, record.module, others, version=record.version)
            await self._limit_at_first(record.app_id)
            armed = await self._supervision.arm(self._specs.of(record))
            target = ReleaseTarget(armed.socket, self._policy(record.manifest))
        else:
            target = known.target
        return Release(
            record.app_id,
            record.version,
            record.manifest,
            record.tree,
            record.module,
            str(record.stage),
            record.percent,
            record.pilots,
            target,
        )

    def _policy(self, manifest: Manifest) -> str:
        """The content security policy of a mini-app's pages: its own origin, and what its manifest was approved for."""
        reach = " ".join(f"https://{host}" for host in manifest.hosts(Side.PAGE))
        return "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                f"img-src 'self' data: {reach}".strip(),
                "font-src 'self'",
                f"connect-src 'self' {reach}".strip(),
                f"form-action 'self' {self._services.settings.portal_origin}",  # a form may lead on to the cashier
                "base-uri 'none'",
                "worker-src 'none'",
                f"frame-ancestors {self._services.settings.portal_origin}",
            )
        )


def _told(error: Exception) -> Why:
    """Tell a publisher why a release is left out; what only the machine knows is in the operator's log."""
    if isinstance(error, (SharedDomain, InstallError)):
        return (error.why,)
    known = isinstance(error, (HostError, RegistryError, SupervisorRefused))
    return (Said(message=str(error)) if known else NOT_INSTALLED.said(),)


def _reach(release: Release) -> tuple[bool, int]:
    """The order of choice: pilots first, then the gray one, the live one last."""
    return (release.stage == LIVE, release.percent)
