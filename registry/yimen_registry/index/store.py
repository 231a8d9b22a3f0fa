"""All SQL of the index: which files an outsider, or a publisher with a token, may see."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_registry.apps.models import AppRow
from yimen_registry.releases.machine import ReleaseState
from yimen_registry.releases.models import ReleaseRow
from yimen_registry.uploads.models import BuildRow


@dataclass(frozen=True)
class IndexFile:
    """One file of the index."""

    file_name: str
    version: str
    sha256: str
    size: int
    requires_python: str | None
    metadata_sha256: str
    uploaded_at: dt.datetime
    yanked: str | None
    """Why it was withdrawn, or None."""


async def distributions(session: AsyncSession, publisher_id: str | None) -> list[str]:
    """Return the distributions with a file that may be seen."""
    query = _visible(select(AppRow.distribution).distinct(), publisher_id)
    return sorted((await session.execute(query)).scalars())


async def files(session: AsyncSession, distribution: str, publisher_id: str | None) -> list[IndexFile]:
    """Return the files of a distribution that may be seen, the oldest first."""
    query = _visible(select(BuildRow, ReleaseRow.state, ReleaseRow.yank_reason), publisher_id)
    of_it = query.where(col(AppRow.distribution) == distribution).order_by(col(BuildRow.uploaded_at))
    return [_file(build, state, reason) for build, state, reason in await session.execute(of_it)]


async def file(session: AsyncSession, file_name: str, publisher_id: str | None) -> tuple[str, str] | None:
    """Return digest and metadata of a file that may be seen."""
    query = _visible(select(BuildRow), publisher_id).where(col(BuildRow.file_name) == file_name)
    build = (await session.execute(query)).scalar_one_or_none()
    return (build.sha256, build.metadata_text) if build else None


def _visible(query: Any, publisher_id: str | None) -> Any:  # `Any`: a select of any columns, and the same again
    """Approved releases are everybody's; what waits for review is its publisher's alone."""
    joined = (
        query.select_from(BuildRow)
        .join(AppRow, col(AppRow.id) == BuildRow.app_id)
        .outerjoin(ReleaseRow, col(ReleaseRow.build_id) == BuildRow.id)
    )
    return joined.where(or_(col(ReleaseRow.id).is_not(None), col(AppRow.publisher_id) == publisher_id))


def _file(build: BuildRow, state: str | None, reason: str | None) -> IndexFile:
    return IndexFile(
        file_name=build.file_name,
        version=build.version,
        sha256=build.sha256,
        size=build.size,
        requires_python=build.requires_python,
        metadata_sha256=build.metadata_sha256,
        uploaded_at=build.uploaded_at,
        yanked=reason or "withdrawn" if state == ReleaseState.YANKED else None,
    )
