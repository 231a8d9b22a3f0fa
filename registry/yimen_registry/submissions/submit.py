"""The publisher's side of a submission: hand in, answer, withdraw. What is handed in is frozen."""

import datetime as dt

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from yimen_registry.apps import store as apps
from yimen_registry.apps.models import AppState
from yimen_registry.database import Json
from yimen_registry.errors import AppRemoved, Conflict, Invalid, NotFound
from yimen_registry.ids import new_id
from yimen_registry.log import store as log
from yimen_registry.publishers import membership
from yimen_registry.publishers.roles import Right
from yimen_registry.releases import store as releases
from yimen_registry.releases.machine import ReleaseState
from yimen_registry.submissions import store
from yimen_registry.submissions.machine import SubmissionEvent, SubmissionState
from yimen_registry.submissions.models import Act, StatementRow, SubmissionRow
from yimen_registry.submissions.store import Submission
from yimen_registry.uploads import store as builds
from yimen_registry.uploads.store import Build
from yimen_sdk.manifest import Manifest, diff
from yimen_sdk.rules import Outcome, Report

MAX_TEXT = 4_000
"""Characters of a note, a question or an answer: a page."""

CHECKS = "registry"
"""Who speaks when the checks do."""


class WrongState(Conflict):
    """The submission is not in a state in which this can happen."""

    code = "submission_wrong_state"


async def submit(session: AsyncSession, now: dt.datetime, *, build_id: str, by: str, note: str = "") -> Submission:
    """Freeze a build as a submission. Raises NotFound, NotAllowed, Invalid or Conflict."""
    build = await builds.build(session, build_id)
    app = await apps.app(session, build.app_id) if build else None
    if build is None or app is None:
        raise NotFound(f"there is no build {build_id} of yours")
    await membership.require(session, app.publisher_id, by, Right.PUBLISH)
    if app.state is AppState.REMOVED:
        raise AppRemoved(app.id)
    require_text(note, least=0)
    if await releases.release(session, build.app_id, build.version):
        raise Conflict(f"{build.app_id} {build.version} is approved already")
    row = await _row(session, now, build, publisher_id=app.publisher_id, by=by, note=note)
    try:
        async with session.begin_nested():
            submission = await store.add(session, row)
    except IntegrityError as error:
        raise Conflict(f"{build.app_id} {build.version} is submitted already") from error
    details = {"submission": row.id, "version": row.version, "tree": row.tree_digest}
    await log.append(session, now, actor=by, act="submission.submitted", thing=row.app_id, details=details)
    return submission


async def record_checks(session: AsyncSession, now: dt.datetime, *, submission_id: str, report: Report) -> None:
    """Write down what the checks found. Failures reject, errors leave it waiting for another check."""
    submission = await require(session, submission_id)
    if not await store.record_report(session, submission_id, report, now):
        raise WrongState(f"submission {submission_id} is {submission.state} and no longer waits for checks")
    if report.broken:
        act = "submission.check_broke"
    elif report.blocks:
        act = "submission.failed_checks"
        await store.step(session, submission_id, SubmissionEvent.FAIL, now)
        text = "The checks found something that stands in the way."
        await _say(session, now, submission_id, Act.FAILED, CHECKS, text, reasons=_reasons(report))
    else:
        act = "submission.checked"
        await store.step(session, submission_id, SubmissionEvent.CHECK, now)
    tier = report.tier.value if report.tier else None
    details = {"submission": submission_id, "tier": tier}
    await log.append(session, now, actor=CHECKS, act=act, thing=submission.app_id, details=details)


async def withdraw(session: AsyncSession, now: dt.datetime, *, submission_id: str, by: str) -> None:
    """Take a submission back, whenever it is open. Raises NotFound, NotAllowed or WrongState."""
    submission = await require(session, submission_id)
    await membership.require(session, submission.publisher_id, by, Right.PUBLISH)
    await happen(session, now, submission, SubmissionEvent.WITHDRAW)
    details = {"submission": submission_id}
    await log.append(session, now, actor=by, act="submission.withdrawn", thing=submission.app_id, details=details)


async def answer(session: AsyncSession, now: dt.datetime, *, submission_id: str, by: str, text: str) -> None:
    """Answer the reviewer's question. Raises NotFound, NotAllowed, Invalid or WrongState."""
    submission = await require(session, submission_id)
    await membership.require(session, submission.publisher_id, by, Right.PUBLISH)
    require_text(text)
    await happen(session, now, submission, SubmissionEvent.ANSWER)
    await _say(session, now, submission_id, Act.ANSWERED, by, text)
    details = {"submission": submission_id}
    await log.append(session, now, actor=by, act="submission.answered", thing=submission.app_id, details=details)


async def require(session: AsyncSession, submission_id: str) -> Submission:
    """Return a submission. Raises NotFound."""
    submission = await store.submission(session, submission_id)
    if submission is None:
        raise NotFound(f"there is no submission {submission_id}")
    return submission


async def happen(
    session: AsyncSession,
    now: dt.datetime,
    submission: Submission,
    event: SubmissionEvent,
    *,
    reviewer: str | None = None,
) -> None:
    """Let an event happen. Raises WrongState when it cannot from where the submission stands now."""
    if not await store.step(session, submission.id, event, now, reviewer=reviewer):
        raise WrongState(f"submission {submission.id} is {submission.state}; {event} cannot happen to it")


def require_text(text: str, *, least: int = 1) -> None:
    """Check the length of something said. Raises Invalid."""
    if not least <= len(text.strip()) <= MAX_TEXT:
        raise Invalid(f"write {least} to {MAX_TEXT} characters")


async def _row(
    session: AsyncSession, now: dt.datetime, build: Build, *, publisher_id: str, by: str, note: str
) -> SubmissionRow:
    base = await _base(session, build.app_id)
    return SubmissionRow(
        id=new_id("sub", now),
        build_id=build.id,
        app_id=build.app_id,
        publisher_id=publisher_id,
        version=build.version,
        state=SubmissionState.SUBMITTED,
        tree_digest=build.tree_digest,
        manifest=build.manifest.model_dump(mode="json"),
        base_manifest=base.model_dump(mode="json") if base else None,
        note=note.strip(),
        two_people=bool(diff(base, build.manifest).sensitive),
        submitted_by=by,
        uploaded_by=build.uploaded_by,
        submitted_at=now,
        changed_at=now,
    )


async def _base(session: AsyncSession, app_id: str) -> Manifest | None:
    """Return what a reviewer compares with: what is live, else what was approved last."""
    approved = [r for r in await releases.of_app(session, app_id) if r.state is not ReleaseState.YANKED]
    live = [release for release in approved if release.state is ReleaseState.LIVE]
    return (live or approved)[0].manifest if approved else None


async def _say(
    session: AsyncSession,
    now: dt.datetime,
    submission_id: str,
    act: Act,
    by: str,
    text: str,
    reasons: list[Json] | None = None,
) -> None:
    row = StatementRow(
        id=new_id("say", now),
        submission_id=submission_id,
        act=act,
        by=by,
        text=text.strip(),
        reasons=reasons or [],
        at=now,
    )
    await store.say(session, row)


def _reasons(report: Report) -> list[Json]:
    return [
        {"rule": result.rule, **finding.model_dump()}
        for result in report.results
        if result.blocks and result.outcome is Outcome.FAILED
        for finding in result.findings
    ]
