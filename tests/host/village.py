"""A host inside the test: the real parts on a real database, one mini-app, and nobody else's processes."""

import os
import shutil
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import httpx
from argon2 import PasswordHasher
from starlette.applications import Starlette

from yimen_host.app import create_portal
from yimen_host.core.services import Services
from yimen_host.core.sockets import run_directory
from yimen_host.identity import store
from yimen_host.identity.accounts import PAYMENT, SIGN_IN
from yimen_host.identity.models import PasswordRow, ResidentRow
from yimen_host.identity.sandbox import population
from yimen_host.identity.sessions import COOKIE, SignedIn
from yimen_host.node import Node
from yimen_host.runtime.contract import Armed, ReleaseSpec, ReleaseStatus
from yimen_host.runtime.directory import LIVE
from yimen_host.runtime.gateway.ports import Visitor
from yimen_host.runtime.store import UsedTicket
from yimen_host.runtime.supervision import Supervision
from yimen_host.runtime.supervisor import belongings
from yimen_host.runtime.supervisor.platforms import Platforms
from yimen_sdk.manifest import Manifest, parse_manifest

PASSWORD, PIN = "tea for two 2", "202611"
_QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # the hash says how it is checked
MANIFEST = """
id = "tea"
title = { zh = "茶馆", en = "Tea house" }
description = { zh = "乡里的茶", en = "Tea of the village" }
department = { zh = "茶叶合作社", en = "Tea cooperative" }
category = "life"
sdk = ">=1.0,<2"
keywords = ["茶叶", "green"]

[[scopes]]
name = "identity.name"
reason = { zh = "用姓名称呼您", en = "To greet you by name" }
[[scopes]]
name = "payments.order"
reason = { zh = "为您下单", en = "To open an order for you" }
[[scopes]]
name = "notices.send"
reason = { zh = "茶好了告诉您", en = "To tell you when it is ready" }
optional = true

[[network]]
host = "supplier.test"
reason = { zh = "订茶叶", en = "To order leaves" }

[[notices]]
id = "ready"
title = { zh = "茶好了", en = "Tea is ready" }
text = { zh = "第{number}号", en = "Number {number}" }
"""


@dataclass(frozen=True)
class Record:
    """A release as a source tells it."""

    manifest: Manifest
    tree: Path
    version: str = "1.0.0"
    stage: str = LIVE
    percent: int = 100
    pilots: tuple[str, ...] = ()

    @property
    def app_id(self) -> str:
        """The mini-app's id."""
        return self.manifest.id

    @property
    def module(self) -> str:
        """Its package."""
        return f"yimen_{self.app_id}"


def record(tree: Path, text: str = MANIFEST, **values: Any) -> Record:
    """A release of a manifest, with an empty package."""
    made = Record(parse_manifest(text), tree, **values)
    (tree / made.module).mkdir(parents=True, exist_ok=True)
    return made


@dataclass
class Shelf:
    """A source of the releases that the test puts on it."""

    records: list[Record] = field(default_factory=list)
    stopped: dict[str, str] = field(default_factory=dict)

    async def live_releases(self) -> Sequence[Record]:
        """What is on it."""
        return list(self.records)

    async def stopped_apps(self) -> dict[str, str]:
        """Which mini-apps may not run."""
        return dict(self.stopped)

    async def verify(self, release: Any) -> None:
        """Nothing was reviewed here."""


class NoSupervisor(Supervision):
    """Remembers what it was asked to run, and runs nothing."""

    def __init__(self, place: Path) -> None:
        super().__init__(place / "control.sock")
        self._place = place
        self._platforms = Platforms(place / "api", os.getuid())
        self.user = 0
        """Whom mini-apps' files belong to; root's are left to the host."""
        self.armed: list[ReleaseSpec] = []
        self.disarmed: list[tuple[str, str]] = []

    def platform(self, app_id: str) -> Path:
        """Where a mini-app's platform socket is."""
        return self._place / "api" / app_id / "host.sock"

    async def arm(self, release: ReleaseSpec) -> Armed:
        self.armed.append(release)
        return Armed(self._place / f"{release.app_id}-{release.version}.sock")

    async def disarm(self, app_id: str, version: str) -> None:
        self.disarmed.append((app_id, version))

    async def erase(self, app_id: str, data: Path) -> bool:
        if is_there := belongings.belongs(data, self.user):
            belongings.empty(data, self.user)
        return is_there

    async def export(self, app_id: str, data: Path) -> IO[bytes] | None:
        if not belongings.belongs(data, self.user):
            return None
        package = data.with_suffix(".package")
        belongings.pack(data, self.user, package.open("wb"))
        return package.open("rb")

    async def status(self) -> list[ReleaseStatus]:
        return []

    async def api_listener(self, app_id: str) -> socket.socket:
        return self._platforms.listener(app_id, None).dup()

    async def close(self) -> None:
        self._platforms.close()


@dataclass
class Village:
    """The parts, and the people."""

    node: Node
    shelf: Shelf
    supervision: NoSupervisor
    portal: Starlette

    @property
    def services(self) -> Services:
        """What every part was handed."""
        return self.node.services

    def platform_socket(self, app_id: str = "tea") -> Path:
        """Where a mini-app reaches the platform."""
        return self.supervision.platform(app_id)

    async def settle(self, phone: str = "13800000001", *, person: int | None = 100) -> str:
        """A resident moves in, with both passwords; ``person`` of the sandbox's register, None: not verified."""
        services, now = self.services, self.services.clock.now()
        resident_id = services.ids.new("res")
        async with services.database.transaction() as session:
            row = ResidentRow(
                id=resident_id,
                phone_hash=services.keyring.fingerprint("phone", phone),
                phone_sealed=services.keyring.encrypt(phone, bound_to=resident_id),
                created_at=now,
            )
            assert await store.add_resident(session, row)
            for kind, secret in ((SIGN_IN, PASSWORD), (PAYMENT, PIN)):
                hash_ = _QUICK.hash(secret)
                await store.set_password(
                    session, PasswordRow(resident_id=resident_id, kind=kind, hash=hash_, changed_at=now)
                )
        if person is not None:
            found = population()[person]
            await self.node.accounts.verify(resident_id, found.name, found.number)
        return resident_id

    async def grant(self, resident_id: str, *scopes: str, app_id: str = "tea") -> None:
        """The resident decides about everything the mini-app asks for, granting these."""
        release = self.node.directory.choose(app_id, resident_id)
        assert release is not None
        asked = {scope.name: scope.reason.zh for scope in release.manifest.scopes}
        await self.node.consents.decide(resident_id, app_id, asked=asked, granted=frozenset(scopes))

    async def sign_in(self, resident_id: str) -> tuple[str, SignedIn]:
        """The cookie of a new session, and who it belongs to."""
        cookie = await self.node.sessions.begin(resident_id, "test")
        viewer = await self.node.sessions.find(cookie)
        assert viewer is not None
        return cookie, viewer

    async def open_app(self, viewer: SignedIn, app_id: str = "tea") -> str:
        """The cookie of a session at a mini-app's origin."""
        ticket = UsedTicket(viewer.resident_id, viewer.session_id)
        return await self.node.app_sessions.begin(app_id, ticket, locale="zh", look="standard")

    async def visitor(self, resident_id: str, app_id: str = "tea") -> Visitor:
        """The resident as the gateway tells a mini-app of them."""
        _, viewer = await self.sign_in(resident_id)
        visitor = await self.node.app_sessions.identify(app_id, await self.open_app(viewer, app_id))
        assert visitor is not None
        return visitor

    def browser(self, cookie: str | None = None, *, language: str = "zh-CN") -> httpx.AsyncClient:
        """A browser at the portal, signed in by a cookie; redirects are not followed."""
        origin = self.services.settings.portal_origin
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.portal, raise_app_exceptions=False),
            base_url=origin.replace("http:", "https:"),  # a Secure cookie is kept only here
            headers={"Origin": origin, "Accept-Language": language, "Accept": "text/html"},
            cookies={COOKIE: cookie} if cookie else None,
        )


@asynccontextmanager
async def village(services: Services, place: Path, **settings: Any) -> AsyncIterator[Village]:
    """A running host that serves the tea house."""
    services = replace(services, settings=services.settings.model_copy(update=settings))
    shelf, supervision = Shelf([record(place / "tree")]), NoSupervisor(run_directory(services.settings.var))
    node = Node.of(services, source=shelf, supervision=supervision)
    await node.start()
    try:
        yield Village(node, shelf, supervision, create_portal(node))
    finally:
        await node.stop()
        shutil.rmtree(node.directory.run_dir, ignore_errors=True)
