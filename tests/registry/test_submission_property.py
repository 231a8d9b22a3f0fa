"""Any sequence of acts on a submission, by makers and reviewers: no release without enough other people's approval."""

import asyncio
import itertools
from dataclasses import dataclass

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from yimen_registry import RegistryError
from yimen_registry.submissions import submit
from yimen_registry.submissions.machine import OPEN, SubmissionState
from yimen_registry.submissions.review import Reason
from yimen_registry.submissions.store import Submission
from yimen_registry.testing import MANIFEST, Town, WheelDraft
from yimen_registry.testing.town import CLEAN
from yimen_sdk.rules import Finding, Outcome, Report, Result, Tier

ERROR = Report(results=(Result(rule="r", tier=Tier.GOLD, outcome=Outcome.ERROR, note="it broke"),))
FAILED = Report(
    results=(
        Result(
            rule="r",
            tier=Tier.BRONZE,
            outcome=Outcome.FAILED,
            findings=(Finding(path="a.py", line=1, message="no"),),
        ),
    )
)
REPORTS = {"clean": CLEAN, "error": ERROR, "failed": FAILED}
SENSITIVE = '[[scopes]]\nname = "location"\nreason = { zh = "好", en = "Good" }\n'


@dataclass(frozen=True)
class Step:
    """One thing that somebody tries."""

    what: str
    by: str


steps = st.builds(
    Step,
    what=st.sampled_from(
        [
            "clean",
            "clean",
            "error",
            "failed",
            "start",
            "start",
            "approve",
            "approve",
            "reject",
            "ask",
            "answer",
            "withdraw",
        ]
    ),
    by=st.sampled_from(["mei", "rui", "lan", "stranger"]),
)


async def begin(town: Town, app: str, sensitive: bool) -> str:
    """Upload and submit a mini-app that no check has seen."""
    manifest = MANIFEST.format(app=app) + (SENSITIVE if sensitive else "")
    draft = WheelDraft(app=app, distribution=f"yimen-{app}", module=f"yimen_{app}")
    build = await town.upload(draft.adding(f"yimen_{app}/miniapp.toml", manifest))
    async with town.registry.acting() as session:
        made = await submit.submit(session, town.clock(), build_id=build.id, by="mei")
    return made.id


async def attempt(town: Town, submission_id: str, step: Step) -> None:
    registry, by = town.registry, step.by
    match step.what:
        case "start":
            await registry.start_review(submission_id, by=by)
        case "approve":
            await registry.approve(submission_id, by=by)
        case "reject":
            await registry.reject(submission_id, by=by, reasons=[Reason("no")])
        case "ask":
            await registry.request_info(submission_id, by=by, question="?")
        case "answer":
            await registry.answer(submission_id, by=by, text="!")
        case "withdraw":
            await registry.withdraw(submission_id, by=by)
        case report:
            async with town.registry.acting() as session:
                await submit.record_checks(session, town.clock(), submission_id=submission_id, report=REPORTS[report])


def check_invariants(before: Submission, after: Submission, releases: int) -> None:
    approvers = {after.first_approver, after.second_approver} - {None}
    assert "mei" not in approvers
    assert (after.state is SubmissionState.APPROVED) == (releases == 1)
    if after.state is SubmissionState.APPROVED:
        assert len(approvers) == (2 if after.two_people else 1)
        assert after.report == CLEAN
    if before.state not in OPEN:
        assert after == before
    assert (after.manifest, after.tree_digest) == (before.manifest, before.tree_digest)


def test_any_sequence_of_acts_keeps_the_promises(town: Town) -> None:
    numbers = itertools.count()

    async def play(sequence: list[Step], sensitive: bool) -> None:
        app = f"app{next(numbers)}x"
        submission_id = await begin(town, app, sensitive)
        after = (await town.registry.submission(submission_id)).submission
        for step in sequence:
            before, log = after, await town.registry.latest_log(limit=1)
            try:
                await attempt(town, submission_id, step)
                refused = False
            except RegistryError:
                refused = True
            after = (await town.registry.submission(submission_id)).submission
            check_invariants(before, after, len(await town.registry.releases_of(app)))
            if refused:
                assert (after, await town.registry.latest_log(limit=1)) == (before, log)

    approved_by_two = [Step("clean", "mei"), Step("start", "rui"), Step("approve", "rui"), Step("approve", "lan")]

    @example(approved_by_two, True)
    @example(approved_by_two, False)
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(steps, min_size=4, max_size=14), st.booleans())
    def run(sequence: list[Step], sensitive: bool) -> None:
        asyncio.run(play(sequence, sensitive))

    run()
