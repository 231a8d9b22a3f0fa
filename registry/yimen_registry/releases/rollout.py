"""Moving releases between stages. One mini-app at a time is moved by one person at a time."""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from yimen_registry.apps import store as apps
from yimen_registry.database import Json
from yimen_registry.errors import Conflict, Invalid, NotFound
from yimen_registry.log import store as log
from yimen_registry.releases import store
from yimen_registry.releases.machine import SERVING, ReleaseEvent, ReleaseState
from yimen_registry.releases.models import Severity
from yimen_registry.releases.store import Release

MAX_PILOTS = 500
"""People on one pilot list."""
MAX_REASON = 1_000
"""Characters of the reason for a rollback or a yank."""

STAGES = {"pilot": ReleaseEvent.PILOT, "gray": ReleaseEvent.GRAY, "live": ReleaseEvent.FULL}
"""What a person may ask for, and the event that does it."""


RequireFit = Callable[[Release], Awaitable[None]]
"""Passes when the host can run a release; raises ReleaseUnfit."""


class WrongStage(Conflict):
    """The release is not in a state in which this can happen."""

    code = "release_wrong_stage"


class SecondPersonNeeded(Conflict):
    """A critical yank takes two people, and this person asked for it."""

    code = "second_person_needed"


async def move(
    session: AsyncSession,
    now: dt.datetime,
    *,
    app_id: str,
    version: str,
    stage: str,
    by: str,
    percent: int = 0,
    pilots: Sequence[str] = (),
    require_fit: RequireFit,
) -> Release:
    """Bring a release to the stage `pilot`, `gray` or `live`. Raises NotFound, Invalid, WrongStage or ReleaseUnfit."""
    if stage not in STAGES:
        raise Invalid(f"{stage!r} is no stage; there are {', '.join(STAGES)}")
    await _lock(session, app_id)
    release = await _require(session, app_id, version)
    await require_fit(release)
    values = _values(stage, percent, pilots)
    others = [other for other in await store.of_app(session, app_id) if other.id != release.id]
    live = next((other for other in others if other.state is ReleaseState.LIVE), None)
    if stage == "gray" and live is None:
        raise WrongStage(f"{app_id} has no live release for the rest of the residents; release it in full")
    if stage == "live":
        await _clear_the_way(session, now, others)
    await _step(session, now, release, STAGES[stage], **values)
    details = {"version": version, "percent": percent, "pilots": len(pilots)}
    await _announce(session, now, app_id, by, f"release.{stage}", details)
    return await _require(session, app_id, version)


async def roll_back(
    session: AsyncSession,
    now: dt.datetime,
    *,
    app_id: str,
    by: str,
    reason: str,
    to: str | None = None,
    require_fit: RequireFit,
) -> Release | None:
    """Take back what was shown last, and return what is live now.

    Without `to`: ends a pilot or gray release if there is one, else goes back to what was live before. With `to`:
    any approved version becomes live, whatever else serves. Raises NotFound, Invalid, WrongStage or ReleaseUnfit.
    """
    _require_reason(reason)
    await _lock(session, app_id)
    releases = await store.of_app(session, app_id)
    serving = [release for release in releases if release.state in SERVING]
    trials = [release for release in serving if release.state is not ReleaseState.LIVE]
    if to is None and trials:
        taken, goal = trials, None
    else:
        goal = await _require(session, app_id, to) if to else _before(releases)
        await require_fit(goal)
        taken = [release for release in serving if release.id != goal.id]
    for release in taken:
        await _step(session, now, release, ReleaseEvent.ROLL_BACK)
    if goal and goal.state is not ReleaseState.LIVE:
        await _step(session, now, goal, ReleaseEvent.FULL)
    details = {"from": [r.version for r in taken], "to": goal.version if goal else None, "reason": reason}
    await _announce(session, now, app_id, by, "release.rolled_back", details)
    return next((r for r in await store.of_app(session, app_id) if r.state is ReleaseState.LIVE), None)


async def yank(
    session: AsyncSession,
    now: dt.datetime,
    *,
    app_id: str,
    version: str,
    by: str,
    severity: Severity,
    reason: str,
) -> Release:
    """Withdraw a release for good. A critical yank is asked for by one person and done by the next.

    Raises NotFound, Invalid, WrongStage, or SecondPersonNeeded when the same person asks twice.
    """
    _require_reason(reason)
    await _lock(session, app_id)
    release = await _require(session, app_id, version)
    if severity is Severity.LOW:
        await _yank_low(session, now, release, by, reason)
    elif await store.ask_yank(session, release.id, by=by, reason=reason, now=now):
        details = {"version": version, "reason": reason}
        await log.append(session, now, actor=by, act="release.yank_asked", thing=app_id, details=details)
    elif release.yank_asked_by == by and release.state is not ReleaseState.YANKED:
        raise SecondPersonNeeded(f"you asked for it; somebody else must confirm the yank of {app_id} {version}")
    else:
        await _step(session, now, release, ReleaseEvent.YANK, yank_confirmed_by=by)
        await _announce(session, now, app_id, by, "release.yanked", {"version": version, "severity": severity.value})
    return await _require(session, app_id, version)


async def _yank_low(session: AsyncSession, now: dt.datetime, release: Release, by: str, reason: str) -> None:
    if release.state in SERVING:
        raise WrongStage(f"{release.app_id} {release.version} serves residents; roll it back first")
    values = {"yank": Severity.LOW, "yank_reason": reason, "yank_asked_by": by}
    await _step(session, now, release, ReleaseEvent.YANK, **values)
    details = {"version": release.version, "severity": "low", "reason": reason}
    await _announce(session, now, release.app_id, by, "release.yanked", details)


async def _clear_the_way(session: AsyncSession, now: dt.datetime, others: Sequence[Release]) -> None:
    """Make room for a release that goes to everybody: what was live retires, trials end."""
    for other in others:
        if other.state is ReleaseState.LIVE:
            await _step(session, now, other, ReleaseEvent.RETIRE)
        elif other.state in SERVING:
            await _step(session, now, other, ReleaseEvent.ROLL_BACK)


async def _step(
    session: AsyncSession, now: dt.datetime, release: Release, event: ReleaseEvent, **values: object
) -> None:
    try:
        async with session.begin_nested():
            moved = await store.step(session, release.id, event, now, **values)
    except IntegrityError as error:
        message = f"another release of {release.app_id} is in the stage that {event} leads to; end that first"
        raise WrongStage(message) from error
    if not moved:
        raise WrongStage(f"{release.app_id} {release.version} is {release.state}; {event} cannot happen to it")


async def _announce(session: AsyncSession, now: dt.datetime, app_id: str, by: str, act: str, details: Json) -> None:
    await log.append(session, now, actor=by, act=act, thing=app_id, details=details)
    await store.announce(session, app_id)


async def _lock(session: AsyncSession, app_id: str) -> None:
    if await apps.locked(session, app_id) is None:
        raise NotFound(f"there is no mini-app {app_id!r}")


async def _require(session: AsyncSession, app_id: str, version: str) -> Release:
    release = await store.release(session, app_id, version)
    if release is None:
        raise NotFound(f"{app_id} has no approved version {version}")
    return release


def _before(releases: Sequence[Release]) -> Release:
    """Return what was live before what is live now; what was itself taken back does not come back by itself."""
    served = {r.served_at: r for r in releases if r.served_at and r.state is ReleaseState.RETIRED}
    if not served:
        raise WrongStage("nothing was live before; name the version to go to, or suspend the mini-app")
    return served[max(served)]


def _values(stage: str, percent: int, pilots: Sequence[str]) -> dict[str, object]:
    if (stage == "gray") != (1 <= percent <= 100):
        raise Invalid("a gray release has a share of 1 to 100 percent; the other stages have none")
    if (stage == "pilot") != bool(pilots) or len(pilots) > MAX_PILOTS:
        raise Invalid(f"a pilot release names 1 to {MAX_PILOTS} people; the other stages name none")
    return {"percent": percent, "pilots": sorted(set(pilots))}


def _require_reason(reason: str) -> None:
    if not 1 <= len(reason.strip()) <= MAX_REASON:
        raise Invalid(f"give a reason of 1 to {MAX_REASON} characters")
