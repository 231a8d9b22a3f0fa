"""All SQL of builds."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from yimen_registry.database import Json
from yimen_registry.uploads.models import BuildRow
from yimen_sdk.manifest import Manifest


@dataclass(frozen=True)
class Build:
    """A wheel that the registry took."""

    id: str
    app_id: str
    version: str
    file_name: str
    size: int
    sha256: str
    tree_digest: str
    module: str
    manifest: Manifest
    requires_python: str | None
    metadata_sha256: str
    attestations: tuple[Json, ...]
    uploaded_by: str
    uploaded_at: dt.datetime


async def add(session: AsyncSession, row: BuildRow) -> bool:
    """Add a build; False when the version or the file name is there already."""
    added = insert(BuildRow).values(row.model_dump()).on_conflict_do_nothing()
    return (await session.execute(added.returning(col(BuildRow.id)))).scalar_one_or_none() is not None


async def build(session: AsyncSession, build_id: str) -> Build | None:
    """Return a build by its id."""
    row = await session.get(BuildRow, build_id)
    return _build(row) if row else None


async def of_version(session: AsyncSession, app_id: str, version: str) -> Build | None:
    """Return the build of a version."""
    query = select(BuildRow).where(BuildRow.app_id == app_id, BuildRow.version == version)
    row = (await session.execute(query)).scalar_one_or_none()
    return _build(row) if row else None


async def by_file_name(session: AsyncSession, file_name: str) -> Build | None:
    """Return the build that came in under a file name."""
    row = (await session.execute(select(BuildRow).where(BuildRow.file_name == file_name))).scalar_one_or_none()
    return _build(row) if row else None


async def of_app(session: AsyncSession, app_id: str) -> list[Build]:
    """Return the builds of a mini-app, newest first."""
    query = select(BuildRow).where(BuildRow.app_id == app_id).order_by(col(BuildRow.uploaded_at).desc())
    return [_build(row) for row in (await session.execute(query)).scalars()]


async def metadata_text(session: AsyncSession, build_id: str) -> str:
    """Return the core metadata of a build, as its wheel has it."""
    return (await session.execute(select(BuildRow.metadata_text).where(BuildRow.id == build_id))).scalar_one()


def _build(row: BuildRow) -> Build:
    return Build(
        id=row.id,
        app_id=row.app_id,
        version=row.version,
        file_name=row.file_name,
        size=row.size,
        sha256=row.sha256,
        tree_digest=row.tree_digest,
        module=row.module,
        manifest=Manifest.model_validate(row.manifest),
        requires_python=row.requires_python,
        metadata_sha256=row.metadata_sha256,
        attestations=tuple(row.attestations),
        uploaded_by=row.uploaded_by,
        uploaded_at=row.uploaded_at,
    )
