"""All SQL of releases. A step is one conditional write; what the runtime must hear is told in the same transaction."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_registry.apps.models import AppRow, AppState
from yimen_registry.database import Json, written
from yimen_registry.publishers.models import PublisherRow, PublisherState
from yimen_registry.releases.machine import SERVING, ReleaseEvent, ReleaseState, sources, target
from yimen_registry.releases.models import ReleaseRow, Severity
from yimen_registry.releases.reach import Reach, reach
from yimen_sdk.manifest import Manifest

CHANNEL = "yimen_releases"
"""Where the runtime listens; the payload is the mini-app's id."""


@dataclass(frozen=True)
class Release:
    """A release 版本 as the console sees it."""

    id: str
    app_id: str
    version: str
    build_id: str
    submission_id: str
    state: ReleaseState
    percent: int
    pilots: tuple[str, ...]
    tree_digest: str
    module: str
    manifest: Manifest
    approved_at: dt.datetime
    served_at: dt.datetime | None
    changed_at: dt.datetime
    yank: Severity | None
    yank_reason: str | None
    yank_asked_by: str | None
    yank_confirmed_by: str | None


async def add(session: AsyncSession, row: ReleaseRow) -> Release:
    """Add a release. Raises IntegrityError unless its submission is approved."""
    session.add(row)
    await session.flush()
    return _release(row)


async def release(session: AsyncSession, app_id: str, version: str) -> Release | None:
    """Return one release of a mini-app."""
    query = (
        select(ReleaseRow)
        .where(ReleaseRow.app_id == app_id, ReleaseRow.version == version)
        .execution_options(populate_existing=True)
    )
    row = (await session.execute(query)).scalar_one_or_none()
    return _release(row) if row else None


async def of_app(session: AsyncSession, app_id: str) -> list[Release]:
    """Return the releases of a mini-app, the latest approved first."""
    query = (
        select(ReleaseRow)
        .where(ReleaseRow.app_id == app_id)
        .order_by(col(ReleaseRow.approved_at).desc(), col(ReleaseRow.id).desc())
        .execution_options(populate_existing=True)
    )
    return [_release(row) for row in (await session.execute(query)).scalars()]


async def reaches(session: AsyncSession, app_ids: Collection[str]) -> dict[str, Reach]:
    """Return how far each of these mini-apps reaches."""
    query = (
        select(ReleaseRow.app_id, ReleaseRow.state, col(ReleaseRow.served_at).is_not(None))
        .where(col(ReleaseRow.app_id).in_(app_ids))
        .distinct()
    )
    told: dict[str, list[tuple[ReleaseState, bool]]] = {app_id: [] for app_id in app_ids}
    for app_id, state, served in await session.execute(query):
        told[app_id].append((ReleaseState(state), served))
    return {app_id: reach(releases) for app_id, releases in told.items()}


async def serving(session: AsyncSession) -> list[Release]:
    """Return every release that serves somebody, of mini-apps and publishers that are not suspended."""
    query = (
        select(ReleaseRow)
        .join(AppRow, col(AppRow.id) == ReleaseRow.app_id)
        .join(PublisherRow, col(PublisherRow.id) == AppRow.publisher_id)
        .where(
            col(ReleaseRow.state).in_(SERVING),
            AppRow.state == AppState.ACTIVE,
            PublisherRow.state == PublisherState.ACTIVE,
        )
        .order_by(ReleaseRow.app_id, ReleaseRow.id)
    )
    return [_release(row) for row in (await session.execute(query)).scalars()]


async def step(session: AsyncSession, release_id: str, event: ReleaseEvent, now: dt.datetime, **values: object) -> bool:
    """Let an event happen; False when the release is not in a state where it can."""
    state = target(event)
    changes: Json = {"state": state, "percent": 0, "pilots": [], "changed_at": now, **values}
    if state is ReleaseState.LIVE:
        changes["served_at"] = now
    moved = (
        update(ReleaseRow)
        .where(col(ReleaseRow.id) == release_id, col(ReleaseRow.state).in_(sources(event)))
        .values(changes)
    )
    return written(await session.execute(moved)) == 1


async def ask_yank(session: AsyncSession, release_id: str, *, by: str, reason: str, now: dt.datetime) -> bool:
    """Note that one person wants a critical yank; False when one is asked for already."""
    asked = (
        update(ReleaseRow)
        .where(
            col(ReleaseRow.id) == release_id,
            col(ReleaseRow.state).in_(sources(ReleaseEvent.YANK)),
            col(ReleaseRow.yank).is_(None),
        )
        .values(yank=Severity.CRITICAL, yank_reason=reason, yank_asked_by=by, changed_at=now)
    )
    return written(await session.execute(asked)) == 1


async def announce(session: AsyncSession, app_id: str) -> None:
    """Tell the runtime, when this transaction commits, that a mini-app's releases changed."""
    await session.execute(select(func.pg_notify(CHANNEL, app_id)))


def _release(row: ReleaseRow) -> Release:
    values = row.model_dump(exclude={"submission_state"})
    return Release(
        **{
            **values,
            "state": ReleaseState(row.state),
            "pilots": tuple(row.pilots),
            "manifest": Manifest.model_validate(row.manifest),
            "yank": Severity(row.yank) if row.yank else None,
        }
    )
