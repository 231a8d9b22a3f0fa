"""The part of the façade between publisher and reviewer: submissions and their checks."""

import asyncio
from collections.abc import Sequence

from yimen_registry.desk import Desk
from yimen_registry.records import SubmissionDetail
from yimen_registry.submissions import review, submit
from yimen_registry.submissions import store as submissions
from yimen_registry.submissions.checks import check_tree
from yimen_registry.submissions.machine import OPEN, SubmissionState
from yimen_registry.submissions.review import Reason
from yimen_registry.submissions.store import Submission
from yimen_registry.wheel import verify_tree
from yimen_sdk.manifest import diff


class Reviewing(Desk):
    """Submissions. `by` is always the account that acts; who is a reviewer is the host's to decide."""

    async def submit(self, build_id: str, *, by: str, note: str = "") -> Submission:
        """Freeze a build as a submission and check it. Raises NotFound, NotAllowed, Invalid or Conflict."""
        async with self.acting() as session:
            made = await submit.submit(session, self.now(), build_id=build_id, by=by, note=note)
        return await self.check(made.id)

    async def check(self, submission_id: str) -> Submission:
        """Run the checks of a submission that waits for them. Raises NotFound, TreeAltered or WrongState."""
        waiting = await self.submission(submission_id)
        tree = self.blobs.tree(waiting.submission.tree_digest)
        await asyncio.to_thread(verify_tree, tree, waiting.submission.tree_digest)
        report = await check_tree(tree)
        async with self.acting() as session:
            await submit.record_checks(session, self.now(), submission_id=submission_id, report=report)
            return await submit.require(session, submission_id)

    async def waiting_for_checks(self) -> list[Submission]:
        """Return the submissions whose checks never finished: for a job that runs `check` on each."""
        async with self.reading() as session:
            return await submissions.in_states(session, [SubmissionState.SUBMITTED])

    async def withdraw(self, submission_id: str, *, by: str) -> None:
        """Take a submission back. Raises NotFound, NotAllowed or WrongState."""
        async with self.acting() as session:
            await submit.withdraw(session, self.now(), submission_id=submission_id, by=by)

    async def answer(self, submission_id: str, *, by: str, text: str) -> None:
        """Answer a reviewer's question. Raises NotFound, NotAllowed, Invalid or WrongState."""
        async with self.acting() as session:
            await submit.answer(session, self.now(), submission_id=submission_id, by=by, text=text)

    async def start_review(self, submission_id: str, *, by: str) -> Submission:
        """Take a submission up. Raises NotFound, OwnWork or WrongState."""
        async with self.acting() as session:
            return await review.start_review(session, self.now(), submission_id=submission_id, by=by)

    async def request_info(self, submission_id: str, *, by: str, question: str) -> Submission:
        """Ask the publisher. Raises NotFound, OwnWork, Invalid or WrongState."""
        async with self.acting() as session:
            return await review.request_info(session, self.now(), submission_id=submission_id, by=by, question=question)

    async def approve(self, submission_id: str, *, by: str, text: str = "") -> Submission:
        """Approve; with the last approval needed it becomes a release.

        Raises NotFound, OwnWork, AlreadyApproved or WrongState.
        """
        async with self.acting() as session:
            return await review.approve(session, self.now(), submission_id=submission_id, by=by, text=text)

    async def reject(self, submission_id: str, *, by: str, reasons: Sequence[Reason], text: str = "") -> Submission:
        """Refuse, with every reason at once. Raises NotFound, OwnWork, Invalid or WrongState."""
        async with self.acting() as session:
            return await review.reject(
                session, self.now(), submission_id=submission_id, by=by, reasons=reasons, text=text
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
