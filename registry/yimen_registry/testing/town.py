"""A registry in a town: one publisher, its owner Mei, the reviewers Rui and Lan, and a clock that ticks by itself."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from yimen_registry.publishers.store import Publisher
from yimen_registry.registry import Registry
from yimen_registry.releases.store import Release
from yimen_registry.submissions import submit
from yimen_registry.submissions.store import Submission
from yimen_registry.testing.wheels import WheelDraft
from yimen_registry.tokens.store import Token
from yimen_registry.uploads.receive import Form
from yimen_registry.uploads.store import Build
from yimen_sdk.rules import Outcome, Report, Result, Tier

CLEAN = Report(results=(Result(rule="all", tier=Tier.BRONZE, outcome=Outcome.PASSED),))
"""What the checks say of a mini-app that breaks no rule."""

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
        """Upload and submit a wheel, and run the checks."""
        build = await self.upload(draft)
        return await self.registry.submit(build.id, by="mei")

    async def checked(self, draft: WheelDraft | None = None) -> Submission:
        """Upload and submit a wheel, by a clean report instead of a run of the checks."""
        build = await self.upload(draft)
        async with self.registry.acting() as session:
            made = await submit.submit(session, self.clock(), build_id=build.id, by="mei")
            await submit.record_checks(session, self.clock(), submission_id=made.id, report=CLEAN)
            return await submit.require(session, made.id)

    async def in_review(self, draft: WheelDraft | None = None) -> Submission:
        """Let Rui take up a submission whose checks were clean."""
        submission = await self.checked(draft)
        return await self.registry.start_review(submission.id, by="rui")

    async def approved(self, version: str = "1.0.0", draft: WheelDraft | None = None) -> Release:
        """Bring a version to an approved release."""
        submission = await self.in_review(draft or WheelDraft(version=version))
        await self.registry.approve(submission.id, by="rui")
        return (await self.registry.releases_of(submission.app_id))[0]

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


async def found_town(registry: Registry, directory: Path, clock: Clock) -> Town:
    """Found a publisher with Mei as its owner, and give her a token."""
    publisher = await registry.create_publisher(name="mountain-tea", title="山茶", owner="mei")
    issued = await registry.issue_token(publisher.id, by="mei", name="laptop")
    return Town(registry, publisher, issued.token, issued.secret, directory / "upload.whl", clock)
