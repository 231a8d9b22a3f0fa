"""Any sequence of moves, by anybody, in any order: what serves is approved, one of a kind, and never was yanked."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yimen_registry import RegistryError
from yimen_registry.releases.machine import SERVING, ReleaseState
from yimen_registry.releases.models import Severity
from yimen_registry.releases.store import Release
from yimen_registry.testing import MANIFEST, Town, WheelDraft

VERSIONS = ("1.0.0", "1.1.0", "1.2.0")


@dataclass(frozen=True)
class Move:
    """One thing that somebody tries."""

    what: str
    version: str
    by: str
    percent: int


moves = st.builds(
    Move,
    what=st.sampled_from(["pilot", "gray", "live", "back", "back_to", "low", "critical"]),
    version=st.sampled_from(VERSIONS),
    by=st.sampled_from(["rui", "lan"]),
    percent=st.integers(1, 100),
)


async def approve_all(town: Town, app: str) -> None:
    """Bring three versions of a new mini-app to approval."""
    manifest = MANIFEST.format(app=app)
    for version in VERSIONS:
        draft = WheelDraft(app=app, distribution=f"yimen-{app}", module=f"yimen_{app}", version=version)
        await town.approved(draft=draft.adding(f"yimen_{app}/miniapp.toml", manifest))


async def attempt(town: Town, app: str, move: Move) -> None:
    registry = town.registry
    match move.what:
        case "pilot":
            await registry.release(app, move.version, stage="pilot", by=move.by, pilots=["an"])
        case "gray":
            await registry.release(app, move.version, stage="gray", by=move.by, percent=move.percent)
        case "live":
            await registry.release(app, move.version, stage="live", by=move.by)
        case "back":
            await registry.roll_back(app, by=move.by, reason="r")
        case "back_to":
            await registry.roll_back(app, by=move.by, reason="r", to=move.version)
        case _:
            await registry.yank(app, move.version, by=move.by, severity=Severity(move.what), reason="r")


def check_invariants(before: list[Release], after: list[Release]) -> None:
    for state in SERVING:
        assert len([release for release in after if release.state is state]) <= 1
    was_yanked = {release.version for release in before if release.state is ReleaseState.YANKED}
    assert was_yanked <= {release.version for release in after if release.state is ReleaseState.YANKED}
    for release in after:
        assert (release.percent > 0) == (release.state is ReleaseState.GRAY)
        assert bool(release.pilots) == (release.state is ReleaseState.PILOT)
        if release.state is ReleaseState.YANKED and release.yank is Severity.CRITICAL:
            assert release.yank_asked_by != release.yank_confirmed_by


def test_any_sequence_of_moves_keeps_the_promises(town: Town) -> None:
    numbers = itertools.count()

    async def play(sequence: list[Move]) -> None:
        app = f"app{next(numbers)}x"
        await approve_all(town, app)
        after = await town.registry.releases_of(app)
        for move in sequence:
            before, log = after, await town.registry.latest_log(limit=1)
            try:
                await attempt(town, app, move)
                refused = False
            except RegistryError:
                refused = True
            after = await town.registry.releases_of(app)
            check_invariants(before, after)
            if refused:
                assert (after, await town.registry.latest_log(limit=1)) == (before, log)
        await town.registry.verify_log()

    run_property(play)


def run_property(play: Callable[[list[Move]], object]) -> None:
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(moves, min_size=3, max_size=14))
    def run(sequence: list[Move]) -> None:
        asyncio.run(play(sequence))  # type: ignore[arg-type]  # play is the coroutine function above

    run()
