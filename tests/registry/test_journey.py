"""From upload to the resident, as the façade's users go."""

from pathlib import Path

from yimen_registry.releases.machine import ReleaseState
from yimen_registry.submissions.machine import SubmissionState
from yimen_registry.testing import Town
from yimen_registry.wheel import verify_tree
from yimen_sdk.rules import Tier


async def test_a_version_goes_from_upload_to_everybody(town: Town) -> None:
    build = await town.upload()
    submission = await town.registry.submit(build.id, by="mei", note="first version")

    assert submission.state is SubmissionState.CHECKED
    assert submission.report is not None
    assert submission.report.tier is Tier.BRONZE
    assert [s.id for s in await town.registry.submissions()] == [submission.id]

    await town.registry.start_review(submission.id, by="rui")
    approved = await town.registry.approve(submission.id, by="rui", text="good")
    assert approved.state is SubmissionState.APPROVED
    assert await town.registry.live_releases() == []

    await town.registry.release("greeting", "1.0.0", stage="live", by="rui")
    (record,) = await town.registry.live_releases()
    assert (record.app_id, record.version, record.stage, record.module) == (
        "greeting",
        "1.0.0",
        ReleaseState.LIVE,
        "yimen_greeting",
    )
    verify_tree(record.tree, record.tree_digest)
    assert isinstance(record.tree, Path)
    assert [entry.act for entry in await town.registry.log()] == [
        "publisher.founded",
        "token.issued",
        "app.named",
        "build.uploaded",
        "submission.submitted",
        "submission.checked",
        "submission.review_started",
        "submission.approved",
        "release.live",
    ]
    assert await town.registry.verify_log() == 9
