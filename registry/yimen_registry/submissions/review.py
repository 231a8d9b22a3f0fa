"""The reviewer's side of a submission: take it up, ask, approve, reject. Nobody reviews what they made."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from packaging.version import Version
from sqlalchemy.ext.asyncio import AsyncSession

from yimen_registry.errors import Conflict, Invalid, NotAllowed
from yimen_registry.ids import new_id
from yimen_registry.log import store as log
from yimen_registry.publishers import store as publishers
from yimen_registry.releases import store as releases
from yimen_registry.releases.machine import ReleaseState
from yimen_registry.releases.models import ReleaseRow
from yimen_registry.submissions import store
from yimen_registry.submissions.machine import SubmissionEvent, SubmissionState
from yimen_registry.submissions.models import Act, StatementRow
from yimen_registry.submissions.store import Submission
from yimen_registry.submissions.submit import WrongState, happen, require, require_text
from yimen_registry.uploads import store as builds

MAX_REASONS = 50
"""Reasons of one rejection."""


class OwnWork(NotAllowed):
    """The reviewer made, uploaded or submitted this, or belongs to its publisher."""

    code = "own_work"


class AlreadyApproved(Conflict):
    """This person has approved; a second one is needed."""

    code = "already_approved"


@dataclass(frozen=True)
class Reason:
    """Why a submission is rejected: a rule or a heading, what is wrong, and where it can be seen."""

    message: str
    rule: str = ""
    path: str = ""
    line: int = 0


async def start_review(session: AsyncSession, now: dt.datetime, *, submission_id: str, by: str) -> Submission:
    """Take a checked submission up. Raises NotFound, OwnWork or WrongState."""
    submission = await _for_review(session, submission_id, by)
    await happen(session, now, submission, SubmissionEvent.START_REVIEW, reviewer=by)
    await _log(session, now, submission, by, "submission.review_started")
    return await require(session, submission_id)


async def request_info(
    session: AsyncSession, now: dt.datetime, *, submission_id: str, by: str, question: str
) -> Submission:
    """Ask the publisher. Raises NotFound, OwnWork, Invalid or WrongState."""
    submission = await _for_review(session, submission_id, by)
    require_text(question)
    await happen(session, now, submission, SubmissionEvent.ASK)
    await _say(session, now, submission_id, Act.ASKED, by, question)
    await _log(session, now, submission, by, "submission.asked")
    return await require(session, submission_id)


async def reject(
    session: AsyncSession,
    now: dt.datetime,
    *,
    submission_id: str,
    by: str,
    reasons: Sequence[Reason],
    text: str = "",
) -> Submission:
    """Refuse, with every reason at once. Raises NotFound, OwnWork, Invalid or WrongState."""
    submission = await _for_review(session, submission_id, by)
    require_text(text, least=0)
    if not 1 <= len(reasons) <= MAX_REASONS or not all(reason.message.strip() for reason in reasons):
        raise Invalid(f"a rejection has 1 to {MAX_REASONS} reasons, each in words")
    await happen(session, now, submission, SubmissionEvent.REJECT)
    await _say(session, now, submission_id, Act.REJECTED, by, text, reasons)
    await _log(session, now, submission, by, "submission.rejected")
    return await require(session, submission_id)


async def approve(
    session: AsyncSession, now: dt.datetime, *, submission_id: str, by: str, text: str = ""
) -> Submission:
    """Approve; with the last approval needed it becomes a release, and older open versions are superseded.

    Raises NotFound, OwnWork, AlreadyApproved or WrongState.
    """
    submission = await _for_review(session, submission_id, by)
    require_text(text, least=0)
    if not await store.approve(session, submission_id, by, now):
        if submission.state is SubmissionState.IN_REVIEW and submission.first_approver == by:
            raise AlreadyApproved("you have approved; a sensitive scope needs a second person")
        raise WrongState(f"submission {submission_id} is {submission.state}; it cannot be approved")
    await _say(session, now, submission_id, Act.APPROVED, by, text)
    await _log(session, now, submission, by, "submission.approved")
    approved = await require(session, submission_id)
    if approved.state is SubmissionState.APPROVED:
        await _release(session, now, approved)
        await _supersede(session, now, approved)
    return approved


async def _for_review(session: AsyncSession, submission_id: str, by: str) -> Submission:
    submission = await require(session, submission_id)
    member = await publishers.role_of(session, submission.publisher_id, by)
    if member is not None or by in {submission.submitted_by, submission.uploaded_by}:
        raise OwnWork("nobody reviews what they, or their publisher, made")
    return submission


async def _release(session: AsyncSession, now: dt.datetime, submission: Submission) -> None:
    build = await builds.build(session, submission.build_id)
    assert build is not None
    row = ReleaseRow(
        id=new_id("rel", now),
        app_id=submission.app_id,
        version=submission.version,
        build_id=submission.build_id,
        submission_id=submission.id,
        state=ReleaseState.APPROVED,
        tree_digest=submission.tree_digest,
        module=build.module,
        manifest=submission.manifest.model_dump(mode="json"),
        approved_at=now,
        changed_at=now,
    )
    await releases.add(session, row)


async def _supersede(session: AsyncSession, now: dt.datetime, approved: Submission) -> None:
    for other in await store.open_of_app(session, approved.app_id):
        if Version(other.version) < Version(approved.version):
            await store.step(session, other.id, SubmissionEvent.SUPERSEDE, now)
            await _log(session, now, other, approved.first_approver or "", "submission.superseded")


async def _say(
    session: AsyncSession,
    now: dt.datetime,
    submission_id: str,
    act: Act,
    by: str,
    text: str,
    reasons: Sequence[Reason] = (),
) -> None:
    row = StatementRow(
        id=new_id("say", now),
        submission_id=submission_id,
        act=act,
        by=by,
        text=text.strip(),
        reasons=[asdict(reason) for reason in reasons],
        at=now,
    )
    await store.say(session, row)


async def _log(session: AsyncSession, now: dt.datetime, submission: Submission, by: str, act: str) -> None:
    details = {"submission": submission.id, "version": submission.version, "tree": submission.tree_digest}
    await log.append(session, now, actor=by, act=act, thing=submission.app_id, details=details)
