"""Submissions: frozen, checked, judged by others, by two where it takes two."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from yimen_registry import Conflict, Invalid, NotFound
from yimen_registry.publishers.roles import Role
from yimen_registry.submissions.machine import SubmissionState
from yimen_registry.submissions.models import Act
from yimen_registry.submissions.review import AlreadyApproved, OwnWork, Reason
from yimen_registry.submissions.submit import WrongState
from yimen_registry.testing import MANIFEST, Town, WheelDraft
from yimen_sdk.rules import Outcome

SENSITIVE = MANIFEST.format(app="greeting") + (
    '[[scopes]]\nname = "identity.id_number"\nreason = { zh = "核对", en = "To compare" }\n'
)
USES_IT = (
    WheelDraft()
    .adding("yimen_greeting/miniapp.toml", SENSITIVE)
    .adding(
        "yimen_greeting/number.py", '"""Number."""\n\n\ndef number(request):\n    return request.resident.id_number\n'
    )
)


async def test_a_submission_carries_what_changed(town: Town) -> None:
    await town.live()
    draft = WheelDraft(version="1.1.0", files=USES_IT.files)
    submission = await town.checked(draft)

    detail = await town.registry.submission(submission.id)

    assert [(change.field, change.name, change.widens) for change in detail.diff.changes] == [
        ("scopes", "identity.id_number", True)
    ]
    assert detail.submission == submission
    assert submission.two_people


async def test_a_failed_check_rejects_with_every_finding(town: Town) -> None:
    draft = WheelDraft().adding("yimen_greeting/evil.py", "import subprocess\nimport socket\n\nexec('1')\n")

    submission = await town.submitted(draft)

    assert submission.state is SubmissionState.REJECTED
    (said,) = (await town.registry.submission(submission.id)).statements
    assert (said.act, said.by) == (Act.FAILED, "registry")
    assert {(reason["rule"], reason["path"], reason["line"]) for reason in said.reasons} == {
        ("no-processes", "yimen_greeting/evil.py", 1),
        ("no-network-of-its-own", "yimen_greeting/evil.py", 2),
        ("no-hidden-code", "yimen_greeting/evil.py", 4),
    }


async def test_code_cannot_keep_its_findings_from_being_kept(town: Town) -> None:
    fetch = 'async def f(host):\n    await host.network.fetch("GET", "https://a\\0b\\x1bc.cn/")\n'
    draft = WheelDraft().adding("yimen_greeting/evil.py", fetch)

    submission = await town.submitted(draft)

    assert submission.state is SubmissionState.REJECTED
    (said,) = (await town.registry.submission(submission.id)).statements
    assert said.reasons == (
        {
            "rule": "hosts-are-declared",
            "path": "yimen_greeting/evil.py",
            "line": 2,
            "message": r"fetches from a\x00b\x1bc.cn, which the manifest does not declare",
            "code": "host-undeclared",
            "values": {"host": r"a\x00b\x1bc.cn"},
        },
    )


async def test_a_check_that_breaks_blocks_and_can_be_repeated(town: Town) -> None:
    build = await town.upload()
    tree = town.registry.blobs.tree(build.tree_digest)
    hidden = tree.with_name("hidden")
    tree.rename(hidden)
    with pytest.raises(Exception, match="is not there"):
        await town.registry.submit(build.id, by="mei")
    (waiting,) = await town.registry.waiting_for_checks()
    with pytest.raises(WrongState):
        await town.registry.start_review(waiting.id, by="rui")

    hidden.rename(tree)
    checked = await town.registry.check(waiting.id)

    assert checked.state is SubmissionState.CHECKED


async def test_a_tree_that_was_altered_is_not_checked(town: Town) -> None:
    build = await town.upload()
    file = town.registry.blobs.tree(build.tree_digest) / "yimen_greeting/__init__.py"
    file.chmod(0o644)
    file.write_text("evil = True\n")

    with pytest.raises(Exception, match="approved was"):
        await town.registry.submit(build.id, by="mei")

    assert [s.state for s in await town.registry.submissions()] == [SubmissionState.SUBMITTED]


async def test_a_build_is_submitted_once_at_a_time(town: Town) -> None:
    build = await town.upload()

    results = await asyncio.gather(
        *(town.registry.submit(build.id, by="mei") for _ in range(4)), return_exceptions=True
    )

    assert sorted(type(result).__name__ for result in results) == ["Conflict", "Conflict", "Conflict", "Submission"]


async def test_a_withdrawn_build_is_submitted_again(town: Town) -> None:
    submission = await town.checked()
    await town.registry.withdraw(submission.id, by="mei")

    again = await town.registry.submit(submission.build_id, by="mei")

    states = {s.id: s.state for s in await town.registry.submissions_of("greeting")}
    assert states == {submission.id: SubmissionState.WITHDRAWN, again.id: SubmissionState.CHECKED}


async def test_an_approved_version_is_not_submitted_again(town: Town) -> None:
    release = await town.approved()

    with pytest.raises(Conflict):
        await town.registry.submit(release.build_id, by="mei")


async def test_a_stranger_neither_submits_nor_withdraws(town: Town) -> None:
    submission = await town.checked()

    with pytest.raises(NotFound):
        await town.registry.withdraw(submission.id, by="stranger")
    with pytest.raises(NotFound):
        await town.registry.submit(submission.build_id, by="stranger")


@pytest.mark.parametrize("maker", ["mei", "bo"])
async def test_nobody_reviews_their_own(town: Town, maker: str) -> None:
    submission = await town.in_review()
    await town.registry.add_member(town.publisher.id, subject="bo", role=Role.MAINTAINER, by="mei")

    with pytest.raises(OwnWork):
        await town.registry.approve(submission.id, by=maker)
    with pytest.raises(OwnWork):
        await town.registry.reject(submission.id, by=maker, reasons=[Reason("no")])


async def test_who_left_the_publisher_still_does_not_review_what_they_made(town: Town) -> None:
    submission = await town.in_review()
    await town.registry.add_member(town.publisher.id, subject="bo", role=Role.OWNER, by="mei")
    await town.registry.remove_member(town.publisher.id, subject="mei", by="mei")

    with pytest.raises(OwnWork):
        await town.registry.approve(submission.id, by="mei")


@pytest.mark.parametrize(
    "forged",
    [
        "first_approver = 'mei'",
        "state = 'approved'",
        "state = 'approved', first_approver = 'rui'",
        "state = 'approved', first_approver = 'rui', second_approver = 'rui'",
        "state = 'approved', first_approver = 'rui', second_approver = 'mei'",
        "blocked = true",
        "state = 'gone'",
    ],
)
async def test_the_database_itself_refuses_a_forged_approval(town: Town, engine: AsyncEngine, forged: str) -> None:
    submission = await town.in_review(USES_IT)

    with pytest.raises(IntegrityError):
        async with engine.begin() as connection:
            await connection.execute(text(f"UPDATE registry.submission SET {forged}"))

    unchanged = (await town.registry.submission(submission.id)).submission
    assert unchanged == submission


async def test_a_release_without_an_approved_submission_cannot_be_written(town: Town, engine: AsyncEngine) -> None:
    await town.approved("1.0.0")
    await town.in_review(WheelDraft(version="1.1.0"))
    copy = (
        "INSERT INTO registry.release SELECT 'rel_x', app_id, '1.1.0', build_id, s.id, 'approved', 'live', 0, '[]',"
        " r.tree_digest, module, r.manifest, approved_at, NULL, r.changed_at FROM registry.release r,"
        " (SELECT id FROM registry.submission WHERE version = '1.1.0') s"
    )

    with pytest.raises(DBAPIError):
        async with engine.begin() as connection:
            await connection.execute(text(copy))

    assert await town.states() == {"1.0.0": "approved"}


async def test_a_sensitive_scope_takes_two_people(town: Town) -> None:
    submission = await town.in_review(USES_IT)

    first = await town.registry.approve(submission.id, by="rui")
    assert (first.state, first.first_approver) == (SubmissionState.IN_REVIEW, "rui")
    with pytest.raises(AlreadyApproved):
        await town.registry.approve(submission.id, by="rui")
    assert await town.registry.releases_of("greeting") == []

    second = await town.registry.approve(submission.id, by="lan")
    assert (second.state, second.second_approver) == (SubmissionState.APPROVED, "lan")
    assert await town.states() == {"1.0.0": "approved"}


async def test_of_many_second_approvals_one_makes_the_release(town: Town) -> None:
    submission = await town.in_review(USES_IT)
    await town.registry.approve(submission.id, by="rui")

    results = await asyncio.gather(
        *(town.registry.approve(submission.id, by=f"reviewer{n}") for n in range(4)), return_exceptions=True
    )

    assert sorted(type(r).__name__ for r in results) == ["Submission", "WrongState", "WrongState", "WrongState"]
    assert len(await town.registry.releases_of("greeting")) == 1


async def test_a_scope_that_was_approved_once_takes_one_person(town: Town) -> None:
    submission = await town.in_review(USES_IT)
    await town.registry.approve(submission.id, by="rui")
    await town.registry.approve(submission.id, by="lan")

    next_one = await town.checked(WheelDraft(version="1.1.0", files=USES_IT.files))

    assert not next_one.two_people


async def test_a_rejection_gives_every_reason_with_evidence(town: Town) -> None:
    submission = await town.in_review()
    reasons = [Reason("the page is blank", rule="page", path="/"), Reason("no price", path="x.html", line=3)]

    rejected = await town.registry.reject(submission.id, by="rui", reasons=reasons, text="Please mend.")

    (said,) = (await town.registry.submission(submission.id)).statements
    assert rejected.state is SubmissionState.REJECTED
    assert (said.act, said.by, said.text) == (Act.REJECTED, "rui", "Please mend.")
    assert said.reasons == (
        {"message": "the page is blank", "rule": "page", "path": "/", "line": 0},
        {"message": "no price", "rule": "", "path": "x.html", "line": 3},
    )


async def test_a_rejection_without_a_reason_is_refused(town: Town) -> None:
    submission = await town.in_review()

    for reasons in ([], [Reason(" ")]):
        with pytest.raises(Invalid):
            await town.registry.reject(submission.id, by="rui", reasons=reasons)


async def test_a_question_is_answered_and_review_goes_on(town: Town) -> None:
    submission = await town.in_review()

    asked = await town.registry.request_info(submission.id, by="rui", question="Which tea?")
    await town.registry.answer(submission.id, by="mei", text="Green tea.")

    detail = await town.registry.submission(submission.id)
    assert asked.state is SubmissionState.NEEDS_INFO
    assert detail.submission.state is SubmissionState.IN_REVIEW
    assert [(s.act, s.by, s.text) for s in detail.statements] == [
        (Act.ASKED, "rui", "Which tea?"),
        (Act.ANSWERED, "mei", "Green tea."),
    ]


async def test_several_submissions_are_open_and_the_later_supersedes(town: Town) -> None:
    old = await town.checked(WheelDraft(version="1.0.0"))
    new = await town.in_review(WheelDraft(version="1.1.0"))
    newer = await town.checked(WheelDraft(version="1.2.0"))

    await town.registry.approve(new.id, by="rui")

    assert {s.id: s.state for s in await town.registry.submissions_of("greeting")} == {
        old.id: SubmissionState.SUPERSEDED,
        new.id: SubmissionState.APPROVED,
        newer.id: SubmissionState.CHECKED,
    }


async def test_a_step_from_the_wrong_state_changes_nothing(town: Town) -> None:
    submission = await town.checked()
    log = await town.registry.log()

    for refused in (
        town.registry.approve(submission.id, by="rui"),
        town.registry.reject(submission.id, by="rui", reasons=[Reason("no")]),
        town.registry.request_info(submission.id, by="rui", question="?"),
        town.registry.answer(submission.id, by="mei", text="!"),
    ):
        with pytest.raises(WrongState):
            await refused

    assert (await town.registry.submission(submission.id)).submission == submission
    assert await town.registry.log() == log


async def test_the_report_says_what_was_checked(town: Town) -> None:
    submission = await town.submitted()

    assert submission.report is not None
    outcomes = {result.rule: result.outcome for result in submission.report.results}
    assert outcomes["no-secrets"] is Outcome.PASSED
    assert outcomes["has-an-icon"] is Outcome.FAILED
