"""A registry on a database of its own, with a clock that stands still, and the steps that tests begin from."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from yimen_registry import Registry
from yimen_registry.publishers.store import Publisher
from yimen_registry.releases.store import Release
from yimen_registry.schema import migrate
from yimen_registry.submissions.store import Submission
from yimen_registry.testing import WheelDraft
from yimen_registry.tokens.store import Token
from yimen_registry.uploads.receive import Form
from yimen_registry.uploads.store import Build

START = dt.datetime(2026, 11, 21, 8, tzinfo=dt.UTC)


class Clock:
    """A clock that moves by one second each time it is read, so that nothing happens at once."""

    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> dt.datetime:
        self.moment += dt.timedelta(seconds=1)
        return self.moment


@dataclass
class Town:
    """A registry with one publisher, and short ways to the states that tests need."""

    registry: Registry
    publisher: Publisher
    token: Token
    secret: str
    incoming: Path
    clock: Clock

    async def upload(self, draft: WheelDraft | None = None, *, token: Token | None = None) -> Build:
        """Upload a wheel."""
        draft = draft or WheelDraft()
        self.incoming.write_bytes(draft.to_bytes())
        return await self.registry.receive_upload(token or self.token, Form(draft.file_name), self.incoming)

    async def submitted(self, draft: WheelDraft | None = None) -> Submission:
        """Upload and submit a wheel."""
        build = await self.upload(draft)
        return await self.registry.submit(build.id, by="mei")

    async def in_review(self, draft: WheelDraft | None = None) -> Submission:
        """Upload, submit, and let Rui take it up."""
        submission = await self.submitted(draft)
        return await self.registry.start_review(submission.id, by="rui")

    async def approved(self, version: str = "1.0.0") -> Release:
        """Bring a version to an approved release."""
        submission = await self.in_review(WheelDraft(version=version))
        await self.registry.approve(submission.id, by="rui")
        return await self.release(version)

    async def live(self, version: str = "1.0.0") -> Release:
        """Bring a version to everybody."""
        await self.approved(version)
        return await self.registry.release("greeting", version, stage="live", by="rui")

    async def release(self, version: str) -> Release:
        """Return a release of the greeting."""
        found = [r for r in await self.registry.releases_of("greeting") if r.version == version]
        return found[0]

    async def states(self) -> dict[str, str]:
        """Return the state of every release of the greeting."""
        return {r.version: r.state.value for r in await self.registry.releases_of("greeting")}


@pytest.fixture
def engine(database_url: str) -> Iterator[AsyncEngine]:
    """An engine on a migrated database."""
    migrate(database_url)
    yield create_async_engine(make_url(database_url), poolclass=NullPool)


@pytest.fixture
def clock() -> Clock:
    """The clock of the registry."""
    return Clock()


@pytest.fixture
def registry(engine: AsyncEngine, tmp_path: Path, clock: Clock) -> Registry:
    """An empty registry."""
    return Registry(engine, tmp_path / "blobs", clock)


@pytest.fixture
async def town(registry: Registry, tmp_path: Path, clock: Clock) -> AsyncIterator[Town]:
    """A registry where Mei owns a publisher and has a token."""
    publisher = await registry.create_publisher(name="mountain-tea", title="山茶", owner="mei")
    issued = await registry.issue_token(publisher.id, by="mei", name="laptop")
    yield Town(registry, publisher, issued.token, issued.secret, tmp_path / "upload.whl", clock)
