"""One process of the host: its parts, wired once, and their beginning and end. Pages and jobs both stand on it."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field

from starlette.routing import BaseRoute

from yimen_host.core.services import Services
from yimen_host.core.sockets import run_directory
from yimen_host.domains import Layout
from yimen_host.identity import changes
from yimen_host.identity.absent import NoAuthority, NoSender
from yimen_host.identity.accounts import Accounts, Sender
from yimen_host.identity.consent import Consents
from yimen_host.identity.mandates.granting import Mandates
from yimen_host.identity.mandates.rights import Rights
from yimen_host.identity.realname import RealNameAuthority
from yimen_host.identity.sandbox import SandboxAuthority, SandboxSender
from yimen_host.identity.sessions import Sessions
from yimen_host.notices import api as notice_api
from yimen_host.notices.dispatches.dispatching import Dispatches
from yimen_host.notices.dispatches.ways import ways
from yimen_host.notices.inbox import Inbox
from yimen_host.payments import api as payment_api
from yimen_host.payments.facade import Payments
from yimen_host.payments.webhooks.endpoints import Endpoints
from yimen_host.ports import MandateApps, PaymentPasswords
from yimen_host.runtime import connections as connection_api
from yimen_host.runtime import description, quotawatch, stops
from yimen_host.runtime.connections import Connections
from yimen_host.runtime.directory import LiveDirectory, ReleaseSource
from yimen_host.runtime.extensions import loading
from yimen_host.runtime.extensions.loading import Extensions
from yimen_host.runtime.gateway.traffic import Traffic
from yimen_host.runtime.hostport import Callers, PlatformSockets, Subjects, platform_api
from yimen_host.runtime.installs import Installs
from yimen_host.runtime.launch import Launches
from yimen_host.runtime.listening import Listener
from yimen_host.runtime.metrics.counts import Counted
from yimen_host.runtime.metrics.reporting import HOST, JOBS, Reporting
from yimen_host.runtime.project import Project, Watcher
from yimen_host.runtime.quotas import Quotas
from yimen_host.runtime.reaper import Reaper
from yimen_host.runtime.relay import DatabaseRelay
from yimen_host.runtime.removal import Removals
from yimen_host.runtime.sessions import AppSessions
from yimen_host.runtime.supervision import Supervision
from yimen_host.runtime.surveyor import Surveyor
from yimen_host.runtime.watch import Watch
from yimen_registry import Registry

log = logging.getLogger("yimen.node")
RELEASES_CHANNEL = "yimen_releases"


@dataclass
class Node:
    """The parts of one process."""

    services: Services
    accounts: Accounts
    sessions: Sessions
    consents: Consents
    mandates: Mandates
    inbox: Inbox
    dispatches: Dispatches
    payments: Payments
    registry: Registry
    supervision: Supervision
    removals: Removals
    directory: LiveDirectory
    app_sessions: AppSessions
    launches: Launches
    connections: Connections
    callers: Callers
    subjects: Subjects
    webhooks: Endpoints
    quotas: Quotas
    extensions: Extensions
    traffic: Traffic = field(default_factory=Traffic)
    project: Project | None = None

    def __post_init__(self) -> None:
        api_routes: list[BaseRoute] = [
            *payment_api.routes, *notice_api.routes, *connection_api.routes, *description.routes,
        ]  # fmt: skip
        api = platform_api(self.callers, api_routes, self.parts(), meter=self.quotas.calls)
        self._answer_apps = True
        self._sockets = PlatformSockets(self.supervision, api)
        self._listener = Listener(
            self.services.database.url,
            {
                RELEASES_CHANNEL: self._releases_changed,
                changes.CHANNEL: self._residents_changed,
                stops.CHANNEL: self._stops_changed,
            },
            self.refresh,
        )
        self._relay = DatabaseRelay(self.directory.run_dir / "postgres", self.services.database.url)
        self._reaper = Reaper(self.services.database.url, self.quotas.of)
        self._surveyor = Surveyor(self.services, self.quotas.of)
        self._watches = [
            Watch(self.services.database.url, self.directory.run_dir, "reaper", self._reaper.look),
            Watch(self.services.database.url, self.directory.run_dir, "surveyor", self._surveyor.look),
        ]
        self._reporting = Reporting(self.services, self.supervision, self.directory.run_dir, self._counted())
        settings = self.services.settings
        self._quota_watch = quotawatch.QuotaWatch(
            settings.quotas, self.quotas, self.directory.limit, kept=settings.kept_quotas
        )
        self._watcher = Watcher(self.project, self.supervision, self.refresh) if self.project else None

    @classmethod
    def of(
        cls, services: Services, *, source: ReleaseSource | None = None, supervision: Supervision | None = None
    ) -> "Node":
        """Wire the parts together. Releases come from ``source``, by default the registry."""
        settings = services.settings
        extensions = loading.load(services, settings.extensions)
        quotas = quotawatch.begin(settings.quotas, settings.kept_quotas, processes=settings.processes)
        sender = _sender(services, extensions)
        accounts = Accounts(services, _authority(services, extensions), sender)
        consents = Consents(services)
        installs = Installs(services, quotas.of)
        place = settings.var.absolute() / "registry"
        registry = Registry(services.database.engine, place, services.clock.now, unfit=installs.unfit_release)
        supervision = supervision or Supervision(run_directory(settings.var) / "control.sock")
        project = Project(registry, settings.project) if settings.project and settings.demo else None
        directory = LiveDirectory(services, source or project or registry, supervision, installs, quotas)
        mandates, rights = Mandates(services, accounts, consents), Rights(accounts, consents)
        app_sessions = AppSessions(services, rights, consents, mandates, directory)
        return cls(
            services=services,
            accounts=accounts,
            sessions=Sessions(services, accounts),
            consents=consents,
            mandates=mandates,
            inbox=Inbox(services, lambda app_id: quotas.of(app_id).notices),
            dispatches=Dispatches(services, ways(settings, sender)),
            payments=Payments(
                services,
                PaymentPasswords(accounts),
                more_channels=extensions.channels,
            ),
            registry=registry,
            supervision=supervision,
            removals=Removals(services, registry, supervision),
            directory=directory,
            app_sessions=app_sessions,
            launches=Launches(services, app_sessions),
            connections=Connections(services, directory),
            callers=Callers(services, rights, directory),
            subjects=Subjects(services, consents, directory),
            webhooks=Endpoints(services),
            quotas=quotas,
            extensions=extensions,
            project=project,
        )

    def parts(self) -> dict[str, object]:
        """The parts by the names under which pages and API routes find them in ``app.state``."""
        return {
            "services": self.services,
            "accounts": self.accounts,
            "sessions": self.sessions,
            "consents": self.consents,
            "mandates": self.mandates,
            "mandate_apps": MandateApps(self.directory),
            "inbox": self.inbox,
            "payments": self.payments,
            "registry": self.registry,
            "supervision": self.supervision,
            "removals": self.removals,
            "directory": self.directory,
            "quotas": self.quotas,
            "launches": self.launches,
            "connections": self.connections,
            "subjects": self.subjects,
            "webhooks": self.webhooks,
            "extensions": self.extensions,
            "title_of": self.title_of,
        }

    async def start(self, *, answer_apps: bool = True) -> None:
        """Begin: listen for changes and load what is live; where ``answer_apps``, open every mini-app's socket.

        The jobs worker does not answer: it has no part in what residents and mini-apps wait for.
        """
        self._answer_apps = answer_apps
        if self.services.settings.layout is Layout.SHARED:
            accepted = self.services.settings.accept_shared_domain
            log.warning(
                "mini-apps share the portal's registrable domain, %s; `yimen-host doctor` tells what to change",
                "which YIMEN_ACCEPT_SHARED_DOMAIN accepts" if accepted else "so none is served",
            )
        await self.payments.start()
        await self._relay.start()
        await self._listener.start()
        for watch in self._watches:
            watch.start()
        self._quota_watch.start()
        await self._reporting.start(HOST if answer_apps else JOBS)
        if self._watcher:
            self._watcher.start()

    async def stop(self) -> None:
        """End in order: no more calls, then no more writes."""
        if self._watcher:
            await self._watcher.stop()
        await self._reporting.stop()
        await self._quota_watch.stop()
        for watch in self._watches:
            await watch.stop()
        await self._listener.stop()
        await self._sockets.close()
        await self.payments.stop()
        await self.connections.close()
        await self.supervision.close()
        await self._relay.stop()
        await self.services.database.close()

    async def refresh(self) -> None:
        """Load what is live anew and forget everybody who was kept."""
        await self.directory.reload(before_arming=self._before_arming)
        self.app_sessions.forget(None)

    def _counted(self) -> Counted:
        return Counted(
            database=self.services.database,
            ledger=self.payments.ledger,
            traffic=self.traffic,
            quotas=self.quotas,
            inbox=self.inbox,
            connections=self.connections,
            reaper=self._reaper,
            surveyor=self._surveyor,
        )

    async def _before_arming(self, app_id: str) -> None:
        if self._answer_apps:
            await self._sockets.open(app_id)

    def title_of(self, app_id: str, language: str) -> str:
        """A mini-app's title, or its id when it is no longer served."""
        release = self.directory.main(app_id)
        return release.manifest.title.in_(language) if release else app_id

    async def _releases_changed(self, app_ids: Collection[str]) -> None:
        """Somebody says that there is something new; whether there is, the registry knows."""
        if await self.directory.reload(before_arming=self._before_arming):
            self.app_sessions.forget(None)

    async def _stops_changed(self, said: Collection[str]) -> None:
        """Somebody says that a mini-app was stopped or goes on; whether one was, the server of the database knows."""
        await self.directory.look_who_is_full()

    async def _residents_changed(self, payloads: Collection[str]) -> None:
        for payload in payloads:
            if resident_id := changes.heard(self.services.keyring, payload):
                self.app_sessions.forget(resident_id)


def _authority(services: Services, extensions: Extensions) -> RealNameAuthority:
    """The operator's register of persons; the pretended one in a demo only."""
    if extensions.authorities:
        return extensions.authorities[0]
    if services.settings.demo:
        return SandboxAuthority()
    log.warning("no extension offers a real-name authority: residents cannot verify their names")
    return NoAuthority()


def _sender(services: Services, extensions: Extensions) -> Sender:
    """The operator's way to send text messages; the development inbox in a demo only."""
    if extensions.senders:
        return extensions.senders[0]
    if services.settings.demo:
        return SandboxSender(services)
    log.warning("no extension offers a sender: nobody can sign up")
    return NoSender()
