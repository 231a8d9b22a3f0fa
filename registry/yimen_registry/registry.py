"""The registry as its host sees it: one object, whose every method is one transaction."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from starlette.routing import BaseRoute

from yimen_registry.apps import naming
from yimen_registry.apps import store as apps
from yimen_registry.apps import switch as app_switch
from yimen_registry.apps.store import App
from yimen_registry.blobs import Blobs
from yimen_registry.index.api import Index
from yimen_registry.log import store as log
from yimen_registry.log.chain import Entry
from yimen_registry.publishers import membership
from yimen_registry.publishers import store as publishers
from yimen_registry.publishers import switch as publisher_switch
from yimen_registry.publishers.roles import Right, Role
from yimen_registry.publishers.store import Member, Publisher
from yimen_registry.records import ReleaseRecord, SubmissionDetail, TreeFile, list_tree, read_text, record_of
from yimen_registry.releases import rollout
from yimen_registry.releases import store as releases
from yimen_registry.releases.models import Severity
from yimen_registry.releases.store import Release
from yimen_registry.submissions import review, submit
from yimen_registry.submissions import store as submissions
from yimen_registry.submissions.checks import check_tree
from yimen_registry.submissions.machine import OPEN, SubmissionState
from yimen_registry.submissions.review import Reason
from yimen_registry.submissions.store import Submission
from yimen_registry.tokens import issue
from yimen_registry.tokens import store as tokens
from yimen_registry.tokens.issue import MAX_LIFE, NewToken
from yimen_registry.tokens.store import Token
from yimen_registry.uploads import receive
from yimen_registry.uploads import store as builds
from yimen_registry.uploads.api import Uploads
from yimen_registry.uploads.receive import Form
from yimen_registry.uploads.store import Build
from yimen_registry.wheel import Limits, verify_tree
from yimen_sdk.manifest import diff

Now = Callable[[], dt.datetime]


class Registry:
    """Publishers, uploads, review and releases. `by` is always the account that acts, as the host knows it.

    Who is a reviewer or an admin is the host's to decide; the registry only refuses that people judge their own.
    """

    def __init__(self, engine: AsyncEngine, blobs: Path, now: Now, *, limits: Limits | None = None) -> None:
        self._engine = engine
        self._now = now
        self.blobs = Blobs(blobs)
        self.limits = limits or Limits()

    def routes(self) -> list[BaseRoute]:
        """Return the routes `/legacy/`, `/simple/` and `/files/`."""
        return [*Uploads(self).routes(), *Index(self).routes()]

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Lend a session that writes nothing."""
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def _act(self) -> AsyncIterator[AsyncSession]:
        async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
            await log.lock(session)
            yield session

    # Publishers, members, tokens

    async def create_publisher(self, *, name: str, title: str, owner: str) -> Publisher:
        """Found a publisher. Raises Invalid or NameTaken."""
        async with self._act() as session:
            return await membership.found(session, self._now(), name=name, title=title, owner=owner)

    async def add_member(self, publisher_id: str, *, subject: str, role: Role, by: str) -> None:
        """Add a member or change a role. Raises NotFound, NotAllowed or LastOwner."""
        async with self._act() as session:
            await membership.add_member(
                session, self._now(), publisher_id=publisher_id, subject=subject, role=role, by=by
            )

    async def remove_member(self, publisher_id: str, *, subject: str, by: str) -> None:
        """End a membership. Raises NotFound, NotAllowed or LastOwner."""
        async with self._act() as session:
            await membership.remove_member(session, self._now(), publisher_id=publisher_id, subject=subject, by=by)

    async def publishers(self) -> list[Publisher]:
        """Return every publisher."""
        async with self.reading() as session:
            return await publishers.all_publishers(session)

    async def publishers_of(self, subject: str) -> list[tuple[Publisher, Role]]:
        """Return the publishers somebody belongs to, and as what."""
        async with self.reading() as session:
            return await publishers.of_subject(session, subject)

    async def members(self, publisher_id: str, *, by: str) -> list[Member]:
        """Return the members, to a member. Raises NotFound."""
        async with self.reading() as session:
            await membership.require(session, publisher_id, by, Right.SEE)
            return await publishers.members(session, publisher_id)

    async def issue_token(
        self, publisher_id: str, *, by: str, name: str, app_id: str | None = None, life: dt.timedelta = MAX_LIFE
    ) -> NewToken:
        """Make an API token; its secret is shown this once. Raises Invalid, NotFound or NotAllowed."""
        async with self._act() as session:
            return await issue.issue(
                session, self._now(), publisher_id=publisher_id, by=by, name=name, app_id=app_id, life=life
            )

    async def revoke_token(self, token_id: str, *, by: str) -> None:
        """End an API token. Raises NotFound, NotAllowed or Conflict."""
        async with self._act() as session:
            await issue.revoke(session, self._now(), token_id=token_id, by=by)

    async def tokens(self, publisher_id: str, *, by: str) -> list[Token]:
        """Return a publisher's tokens, to a member. Raises NotFound."""
        async with self.reading() as session:
            await membership.require(session, publisher_id, by, Right.SEE)
            return await tokens.of_publisher(session, publisher_id)

    async def recognise(self, secret: str) -> Token:
        """Return the token behind a secret. Raises TokenRefused."""
        async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
            return await issue.recognise(session, self._now(), secret=secret)

    # Mini-apps and uploads

    async def reserve(self, *, app_id: str, distribution: str, publisher_id: str, by: str) -> App:
        """Take a name before the first upload. Raises NameNotYours, NotFound or NotAllowed."""
        async with self._act() as session:
            await membership.require(session, publisher_id, by, Right.PUBLISH)
            return await naming.claim(
                session,
                self._now(),
                app_id=app_id,
                distribution=distribution,
                publisher_id=publisher_id,
                by=by,
            )

    async def receive_upload(self, token: Token, form: Form, path: Path) -> Build:
        """Take the wheel at `path`, or leave nothing behind. The very same file again is no error.

        Raises Invalid, WheelRefused, FileExists, NameNotYours or NotAllowed.
        """
        received = await asyncio.to_thread(receive.measure, path)
        async with self.reading() as session:
            if known := await receive.already_there(session, form, received, token):
                return known
        with self.blobs.incoming() as tree:
            (unpacked := tree / "tree").mkdir()
            incoming = await asyncio.to_thread(receive.examine, received, form, unpacked, self.limits)
            async with self._act() as session:
                build = await receive.take(session, self._now(), incoming=incoming, token=token)
                self.blobs.keep_tree(unpacked, build.tree_digest)
                self.blobs.keep_file(path, build.sha256)
            return build

    async def app(self, app_id: str) -> App | None:
        """Return a mini-app by its id."""
        async with self.reading() as session:
            return await apps.app(session, app_id)

    async def apps(self) -> list[App]:
        """Return every mini-app."""
        async with self.reading() as session:
            return await apps.all_apps(session)

    async def apps_of(self, subject: str) -> list[App]:
        """Return the mini-apps of all publishers somebody belongs to."""
        async with self.reading() as session:
            belongs = await publishers.of_subject(session, subject)
            return [app for pub, _ in belongs for app in await apps.of_publisher(session, pub.id)]

    async def builds_of(self, app_id: str) -> list[Build]:
        """Return the uploads of a mini-app, newest first."""
        async with self.reading() as session:
            return await builds.of_app(session, app_id)

    # Submissions

    async def submit(self, build_id: str, *, by: str, note: str = "") -> Submission:
        """Freeze a build as a submission and check it. Raises NotFound, NotAllowed, Invalid or Conflict."""
        async with self._act() as session:
            made = await submit.submit(session, self._now(), build_id=build_id, by=by, note=note)
        return await self.check(made.id)

    async def check(self, submission_id: str) -> Submission:
        """Run the checks of a submission that waits for them. Raises NotFound, TreeAltered or WrongState."""
        waiting = await self.submission(submission_id)
        tree = self.blobs.tree(waiting.submission.tree_digest)
        await asyncio.to_thread(verify_tree, tree, waiting.submission.tree_digest)
        report = await check_tree(tree)
        async with self._act() as session:
            await submit.record_checks(session, self._now(), submission_id=submission_id, report=report)
            return await submit.require(session, submission_id)

    async def waiting_for_checks(self) -> list[Submission]:
        """Return the submissions whose checks never finished: for a job that runs `check` on each."""
        async with self.reading() as session:
            return await submissions.in_states(session, [SubmissionState.SUBMITTED])

    async def withdraw(self, submission_id: str, *, by: str) -> None:
        """Take a submission back. Raises NotFound, NotAllowed or WrongState."""
        async with self._act() as session:
            await submit.withdraw(session, self._now(), submission_id=submission_id, by=by)

    async def answer(self, submission_id: str, *, by: str, text: str) -> None:
        """Answer a reviewer's question. Raises NotFound, NotAllowed, Invalid or WrongState."""
        async with self._act() as session:
            await submit.answer(session, self._now(), submission_id=submission_id, by=by, text=text)

    async def start_review(self, submission_id: str, *, by: str) -> Submission:
        """Take a submission up. Raises NotFound, OwnWork or WrongState."""
        async with self._act() as session:
            return await review.start_review(session, self._now(), submission_id=submission_id, by=by)

    async def request_info(self, submission_id: str, *, by: str, question: str) -> Submission:
        """Ask the publisher. Raises NotFound, OwnWork, Invalid or WrongState."""
        async with self._act() as session:
            return await review.request_info(
                session, self._now(), submission_id=submission_id, by=by, question=question
            )

    async def approve(self, submission_id: str, *, by: str, text: str = "") -> Submission:
        """Approve; with the last approval needed it becomes a release.

        Raises NotFound, OwnWork, AlreadyApproved or WrongState.
        """
        async with self._act() as session:
            return await review.approve(session, self._now(), submission_id=submission_id, by=by, text=text)

    async def reject(self, submission_id: str, *, by: str, reasons: Sequence[Reason], text: str = "") -> Submission:
        """Refuse, with every reason at once. Raises NotFound, OwnWork, Invalid or WrongState."""
        async with self._act() as session:
            return await review.reject(
                session, self._now(), submission_id=submission_id, by=by, reasons=reasons, text=text
            )

    async def submissions(self, states: Sequence[SubmissionState] = tuple(OPEN)) -> list[Submission]:
        """Return the submissions in some states, by default the open ones, the longest waiting first."""
        async with self.reading() as session:
            return await submissions.in_states(session, states)

    async def submissions_of(self, app_id: str) -> list[Submission]:
        """Return the submissions of a mini-app, newest first."""
        async with self.reading() as session:
            return await submissions.of_app(session, app_id)

    async def submission(self, submission_id: str) -> SubmissionDetail:
        """Return a submission with what changed and what was said. Raises NotFound."""
        async with self.reading() as session:
            found = await submit.require(session, submission_id)
            said = await submissions.statements(session, submission_id)
            return SubmissionDetail(found, diff(found.base_manifest, found.manifest), tuple(said))

    # Releases

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
        """Bring an approved version to `pilot`, `gray` or `live`. Raises NotFound, Invalid or WrongStage."""
        async with self._act() as session:
            return await rollout.move(
                session,
                self._now(),
                app_id=app_id,
                version=version,
                stage=stage,
                by=by,
                percent=percent,
                pilots=pilots,
            )

    async def roll_back(self, app_id: str, *, by: str, reason: str, to: str | None = None) -> Release | None:
        """Take back what was shown last, and return what is live now. Raises NotFound, Invalid or WrongStage."""
        async with self._act() as session:
            return await rollout.roll_back(session, self._now(), app_id=app_id, by=by, reason=reason, to=to)

    async def yank(self, app_id: str, version: str, *, by: str, severity: Severity, reason: str) -> Release:
        """Withdraw a release for good; a critical one is confirmed by a second person's call.

        Raises NotFound, Invalid, WrongStage or SecondPersonNeeded.
        """
        async with self._act() as session:
            return await rollout.yank(
                session,
                self._now(),
                app_id=app_id,
                version=version,
                by=by,
                severity=severity,
                reason=reason,
            )

    async def suspend_app(self, app_id: str, *, by: str, reason: str) -> None:
        """Stop a mini-app at once; it can be resumed. Raises NotFound, Invalid or Conflict."""
        async with self._act() as session:
            await app_switch.suspend(session, self._now(), app_id=app_id, by=by, reason=reason)

    async def resume_app(self, app_id: str, *, by: str, reason: str) -> None:
        """Let a suspended mini-app run again. Raises NotFound, Invalid or Conflict."""
        async with self._act() as session:
            await app_switch.resume(session, self._now(), app_id=app_id, by=by, reason=reason)

    async def suspend_publisher(self, publisher_id: str, *, by: str, reason: str) -> None:
        """Stop everything of a publisher at once; it can be resumed. Raises NotFound, Invalid or Conflict."""
        async with self._act() as session:
            await publisher_switch.suspend(session, self._now(), publisher_id=publisher_id, by=by, reason=reason)

    async def resume_publisher(self, publisher_id: str, *, by: str, reason: str) -> None:
        """Let a suspended publisher's mini-apps run again. Raises NotFound, Invalid or Conflict."""
        async with self._act() as session:
            await publisher_switch.resume(session, self._now(), publisher_id=publisher_id, by=by, reason=reason)

    async def releases_of(self, app_id: str) -> list[Release]:
        """Return the releases of a mini-app, the latest approved first."""
        async with self.reading() as session:
            return await releases.of_app(session, app_id)

    async def live_releases(self) -> list[ReleaseRecord]:
        """Return what the runtime must be able to run: every release that serves somebody."""
        async with self.reading() as session:
            return [record_of(release, self.blobs) for release in await releases.serving(session)]

    # Trees and the log

    async def tree_files(self, digest: str) -> list[TreeFile]:
        """Return the files of an unpacked tree. Raises NotFound."""
        return await asyncio.to_thread(list_tree, self.blobs, digest)

    async def tree_text(self, digest: str, path: str) -> str:
        """Return a text file of an unpacked tree. Raises NotFound for a path that is not in it."""
        return await asyncio.to_thread(read_text, self.blobs, digest, path)

    async def log(self, *, after: int = 0, limit: int = 100, thing: str | None = None) -> list[Entry]:
        """Return entries of the log in order, from the one that follows number `after`."""
        async with self.reading() as session:
            return await log.entries(session, after=after, limit=limit, thing=thing)

    async def latest_log(self, *, limit: int = 100) -> list[Entry]:
        """Return the newest entries of the log, newest first."""
        async with self.reading() as session:
            return await log.latest(session, limit=limit)

    async def verify_log(self) -> int:
        """Check the hash chain of the whole log and return how many entries it has. Raises LogBroken."""
        async with self.reading() as session:
            return await log.verify_all(session)
