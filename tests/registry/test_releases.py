"""Releases: whom they serve, how they are taken back, how they are withdrawn for good."""

import asyncio

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from yimen_registry import AppRemoved, Conflict, Invalid, NotFound
from yimen_registry.releases.machine import ReleaseState
from yimen_registry.releases.models import Severity
from yimen_registry.releases.reach import Reach
from yimen_registry.releases.rollout import SecondPersonNeeded, WrongStage
from yimen_registry.testing import Town
from yimen_registry.testing.wheels import WheelDraft
from yimen_registry.wheel import TreeAltered


async def test_a_new_live_release_retires_the_one_before(town: Town) -> None:
    await town.live("1.0.0")
    await town.live("1.1.0")

    assert await town.states() == {"1.0.0": "retired", "1.1.0": "live"}


async def test_pilot_then_gray_then_everybody(town: Town) -> None:
    await town.live("1.0.0")
    await town.approved("1.1.0")

    pilot = await town.registry.release("greeting", "1.1.0", stage="pilot", by="rui", pilots=["zhou", "an", "an"])
    assert (pilot.state, pilot.pilots) == (ReleaseState.PILOT, ("an", "zhou"))
    shares = []
    for percent in (1, 50, 10):
        gray = await town.registry.release("greeting", "1.1.0", stage="gray", by="rui", percent=percent)
        shares.append((gray.state, gray.percent, gray.pilots))
    assert shares == [(ReleaseState.GRAY, 1, ()), (ReleaseState.GRAY, 50, ()), (ReleaseState.GRAY, 10, ())]
    await town.registry.release("greeting", "1.1.0", stage="live", by="rui")

    assert await town.states() == {"1.0.0": "retired", "1.1.0": "live"}


async def test_the_runtime_gets_every_release_that_serves(town: Town) -> None:
    await town.live("1.0.0")
    await town.approved("1.1.0")
    await town.registry.release("greeting", "1.1.0", stage="gray", by="rui", percent=20)

    records = await town.registry.live_releases()

    assert [(r.version, r.stage, r.percent) for r in records] == [
        ("1.0.0", ReleaseState.LIVE, 100),
        ("1.1.0", ReleaseState.GRAY, 20),
    ]
    assert [r.tree.name for r in records] == [r.tree_digest for r in records]


async def test_a_mini_app_reaches_as_far_as_its_widest_release(town: Town) -> None:
    async def reached() -> Reach:
        return (await town.registry.reaches(["greeting"]))["greeting"]

    await town.upload()
    told = [await reached()]
    await town.approved("1.1.0")
    told.append(await reached())
    await town.registry.release("greeting", "1.1.0", stage="pilot", by="rui", pilots=["an"])
    told.append(await reached())
    await town.registry.release("greeting", "1.1.0", stage="live", by="rui")
    told.append(await reached())
    await town.approved("1.2.0")
    await town.registry.release("greeting", "1.2.0", stage="pilot", by="rui", pilots=["an"])
    told.append(await reached())
    await town.registry.roll_back("greeting", by="rui", reason="凉了")
    await town.registry.yank("greeting", "1.1.0", by="rui", severity=Severity.CRITICAL, reason="凉了")
    with pytest.raises(SecondPersonNeeded):
        await town.registry.yank("greeting", "1.1.0", by="rui", severity=Severity.CRITICAL, reason="凉了")
    await town.registry.yank("greeting", "1.1.0", by="lan", severity=Severity.CRITICAL, reason="凉了")
    told.append(await reached())

    assert told == [Reach.UNRELEASED, Reach.UNRELEASED, Reach.PILOT, Reach.LIVE, Reach.LIVE, Reach.WITHDRAWN]


async def test_a_pilot_release_serves_its_list_alone(town: Town) -> None:
    await town.approved()
    await town.registry.release("greeting", "1.0.0", stage="pilot", by="rui", pilots=["an"])

    (record,) = await town.registry.live_releases()

    assert (record.stage, record.percent, record.pilots) == (ReleaseState.PILOT, 0, ("an",))


async def test_a_tree_that_was_altered_after_approval_does_not_run(town: Town) -> None:
    await town.live()
    (record,) = await town.registry.live_releases()
    await town.registry.verify(record)

    record.tree.chmod(0o755)
    (record.tree / "yimen_greeting").chmod(0o755)
    (record.tree / "yimen_greeting/late.py").write_text("evil = True\n")

    with pytest.raises(TreeAltered):
        await town.registry.verify(record)


async def test_gray_needs_a_live_release_beside_it(town: Town) -> None:
    await town.approved()

    with pytest.raises(WrongStage):
        await town.registry.release("greeting", "1.0.0", stage="gray", by="rui", percent=10)


@pytest.mark.parametrize(
    ("stage", "percent", "pilots"),
    [("gray", 0, []), ("gray", 101, []), ("live", 5, []), ("pilot", 0, []), ("live", 0, ["an"]), ("soon", 0, [])],
)
async def test_a_stage_without_its_people_is_refused(town: Town, stage: str, percent: int, pilots: list[str]) -> None:
    await town.live("1.0.0")
    await town.approved("1.1.0")

    with pytest.raises(Invalid):
        await town.registry.release("greeting", "1.1.0", stage=stage, by="rui", percent=percent, pilots=pilots)

    assert await town.states() == {"1.0.0": "live", "1.1.0": "approved"}


async def test_what_was_never_approved_is_not_released(town: Town) -> None:
    await town.submitted()

    with pytest.raises(NotFound):
        await town.registry.release("greeting", "1.0.0", stage="live", by="rui")


async def test_a_rollback_brings_back_what_was_live_before(town: Town) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        await town.live(version)

    first = await town.registry.roll_back("greeting", by="rui", reason="blank page")
    second = await town.registry.roll_back("greeting", by="rui", reason="that too")

    assert first is not None
    assert second is not None
    assert (first.version, second.version) == ("1.1.0", "1.0.0")
    assert await town.states() == {"1.0.0": "live", "1.1.0": "rolled_back", "1.2.0": "rolled_back"}
    with pytest.raises(WrongStage):
        await town.registry.roll_back("greeting", by="rui", reason="and that")


async def test_a_rollback_during_gray_ends_the_gray_release(town: Town) -> None:
    await town.live("1.0.0")
    await town.approved("1.1.0")
    await town.registry.release("greeting", "1.1.0", stage="gray", by="rui", percent=30)

    live = await town.registry.roll_back("greeting", by="rui", reason="errors")

    assert live is not None
    assert live.version == "1.0.0"
    assert await town.states() == {"1.0.0": "live", "1.1.0": "rolled_back"}


async def test_a_rollback_goes_to_any_approved_version_also_during_gray(town: Town) -> None:
    for version in ("1.0.0", "1.1.0"):
        await town.live(version)
    await town.approved("1.2.0")
    await town.registry.release("greeting", "1.2.0", stage="gray", by="rui", percent=30)

    await town.registry.roll_back("greeting", by="rui", reason="errors", to="1.0.0")
    assert await town.states() == {"1.0.0": "live", "1.1.0": "rolled_back", "1.2.0": "rolled_back"}

    for version in ("1.2.0", "1.0.0", "1.1.0"):
        live = await town.registry.roll_back("greeting", by="rui", reason="again", to=version)
        assert live is not None
        assert live.version == version


async def test_a_low_yank_takes_one_person_and_nothing_that_serves(town: Town) -> None:
    await town.live("1.0.0")
    await town.live("1.1.0")

    with pytest.raises(WrongStage):
        await town.registry.yank("greeting", "1.1.0", by="rui", severity=Severity.LOW, reason="old")
    yanked = await town.registry.yank("greeting", "1.0.0", by="rui", severity=Severity.LOW, reason="old")

    assert (yanked.state, yanked.yank, yanked.yank_reason) == (ReleaseState.YANKED, Severity.LOW, "old")
    with pytest.raises(WrongStage):
        await town.registry.roll_back("greeting", by="rui", reason="x", to="1.0.0")


async def test_a_critical_yank_takes_two_people_and_stops_what_serves(town: Town) -> None:
    await town.live()

    asked = await town.registry.yank("greeting", "1.0.0", by="rui", severity=Severity.CRITICAL, reason="leak")
    assert (asked.state, asked.yank_asked_by) == (ReleaseState.LIVE, "rui")
    with pytest.raises(SecondPersonNeeded):
        await town.registry.yank("greeting", "1.0.0", by="rui", severity=Severity.CRITICAL, reason="leak")
    done = await town.registry.yank("greeting", "1.0.0", by="lan", severity=Severity.CRITICAL, reason="leak")

    assert (done.state, done.yank_confirmed_by) == (ReleaseState.YANKED, "lan")
    assert await town.registry.live_releases() == []


@pytest.mark.parametrize(
    "forged",
    [
        "state = 'yanked'",
        "state = 'yanked', yank = 'critical', yank_asked_by = 'rui'",
        "state = 'yanked', yank = 'critical', yank_asked_by = 'rui', yank_confirmed_by = 'rui'",
        "state = 'gray'",
        "percent = 50",
        "submission_state = 'rejected'",
    ],
)
async def test_the_database_itself_refuses_a_forged_release(town: Town, engine: AsyncEngine, forged: str) -> None:
    release = await town.live()

    with pytest.raises(IntegrityError):
        async with engine.begin() as connection:
            await connection.execute(text(f"UPDATE registry.release SET {forged}"))

    assert await town.release("1.0.0") == release


async def test_the_database_itself_refuses_a_second_live_release(town: Town, engine: AsyncEngine) -> None:
    await town.live("1.0.0")
    await town.approved("1.1.0")

    with pytest.raises(IntegrityError):
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE registry.release SET state = 'live'"))


async def test_of_many_moves_at_once_one_is_live_in_the_end(town: Town) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        await town.approved(version)

    await asyncio.gather(
        *(town.registry.release("greeting", f"1.{n % 3}.0", stage="live", by="rui") for n in range(3)),
        return_exceptions=True,
    )

    assert sorted((await town.states()).values()) == ["live", "retired", "retired"]


async def test_a_suspended_mini_app_does_not_run(town: Town) -> None:
    await town.live()

    await town.registry.suspend_app("greeting", by="rui", reason="complaints")
    assert await town.registry.live_releases() == []
    with pytest.raises(Conflict):
        await town.registry.suspend_app("greeting", by="rui", reason="complaints")

    await town.registry.resume_app("greeting", by="rui", reason="mended")
    assert [r.version for r in await town.registry.live_releases()] == ["1.0.0"]


async def test_a_suspended_publisher_stops_all_of_it(town: Town) -> None:
    await town.live()

    await town.registry.suspend_publisher(town.publisher.id, by="rui", reason="fraud")

    assert await town.registry.live_releases() == []


async def test_the_runtime_is_told_in_the_same_transaction(town: Town, database_url: str) -> None:
    await town.approved()
    conninfo = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        await connection.execute("LISTEN yimen_releases")

        with pytest.raises(WrongStage):
            await town.registry.release("greeting", "1.0.0", stage="gray", by="rui", percent=5)
        await town.registry.release("greeting", "1.0.0", stage="live", by="rui")
        await town.registry.suspend_app("greeting", by="rui", reason="x")

        told = [notice.payload async for notice in connection.notifies(timeout=5, stop_after=2)]
        more = [notice.payload async for notice in connection.notifies(timeout=0.1)]

    assert (told, more) == (["greeting", "greeting"], [])


async def test_only_a_suspended_mini_app_is_removed_and_it_stays_so(town: Town) -> None:
    await town.live()
    registry = town.registry

    with pytest.raises(Conflict, match="greeting is active; only a suspended mini-app can be removed"):
        await registry.remove_app("greeting", by="rui", reason="gone", kept="erased")
    await registry.suspend_app("greeting", by="rui", reason="first")
    suspended = await registry.stopped_apps()
    await registry.remove_app("greeting", by="rui", reason="gone", kept="erased")
    with pytest.raises(Conflict, match="greeting is removed already"):
        await registry.resume_app("greeting", by="rui", reason="back")

    assert (suspended, await registry.stopped_apps()) == ({"greeting": "suspended"}, {"greeting": "removed"})
    assert await registry.live_releases() == []
    (entry,) = await registry.latest_log(limit=1)
    assert (entry.act, entry.actor, entry.details) == ("app.removed", "rui", {"reason": "gone", "data": "erased"})


async def test_nothing_is_uploaded_or_submitted_in_a_removed_ones_name(town: Town) -> None:
    registry = town.registry
    waiting = await town.upload(WheelDraft(version="1.1.0"))
    only = await registry.issue_token(town.publisher.id, by="mei", name="ci", app_id="greeting")
    await registry.suspend_app("greeting", by="rui", reason="first")
    while_suspended = await town.upload(WheelDraft(version="1.2.0"), token=only.token)

    await registry.remove_app("greeting", by="rui", reason="gone", kept="erased")

    with pytest.raises(AppRemoved, match="greeting was removed; its name is not used again"):
        await town.upload(WheelDraft(version="2.0.0"))
    with pytest.raises(AppRemoved, match="greeting was removed"):
        await registry.submit(waiting.id, by="mei")
    with pytest.raises(AppRemoved, match="greeting was removed"):
        await registry.issue_token(town.publisher.id, by="mei", name="another", app_id="greeting")
    assert [build.id for build in await registry.builds_of("greeting")] == [while_suspended.id, waiting.id]
    assert [token.name for token in await registry.tokens(town.publisher.id, by="mei") if token.revoked_at] == ["ci"]
