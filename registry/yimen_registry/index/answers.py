"""What the index answers in JSON (PEP 691, 700 and 714), as Pydantic models: its description is made from them."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from yimen_registry.index.store import IndexFile

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


def _written(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


Moment = Annotated[dt.datetime, PlainSerializer(_written, return_type=str)]
"""Always with six digits of a second, as PEP 700 writes it."""


class Meta(BaseModel):
    """Which version of the protocol this is."""

    model_config = ConfigDict(populate_by_name=True)

    api_version: Literal["1.1"] = Field(alias="api-version")


META = Meta(api_version="1.1")


class Project(BaseModel):
    """A distribution."""

    name: str


class ProjectsAnswer(BaseModel):
    """The distributions that may be fetched."""

    meta: Meta
    projects: list[Project]

    @classmethod
    def of(cls, distributions: Sequence[str]) -> Self:
        """Distributions as they are told."""
        return cls(meta=META, projects=[Project(name=name) for name in distributions])


class Hashes(BaseModel):
    """Digests of a file."""

    sha256: Sha256


class FileAnswer(BaseModel):
    """One file of a distribution."""

    model_config = ConfigDict(populate_by_name=True)

    filename: str
    url: str = Field(description="relative to the address that was asked")
    hashes: Hashes
    requires_python: str | None = Field(alias="requires-python")
    size: int = Field(description="in bytes")
    upload_time: Moment = Field(alias="upload-time")
    yanked: bool | str = Field(description="why it was withdrawn; false while it was not")
    core_metadata: Hashes = Field(alias="core-metadata", description="of the address with `.metadata` behind it")
    dist_info_metadata: Hashes = Field(alias="dist-info-metadata", description="the same, under its older name")

    @classmethod
    def of(cls, file: IndexFile) -> Self:
        """A file as it is told."""
        metadata = Hashes(sha256=file.metadata_sha256)
        return cls(
            filename=file.file_name,
            url=f"../../files/{file.file_name}",
            hashes=Hashes(sha256=file.sha256),
            requires_python=file.requires_python,
            size=file.size,
            upload_time=file.uploaded_at,
            yanked=file.yanked or False,
            core_metadata=metadata,
            dist_info_metadata=metadata,
        )


class FilesAnswer(BaseModel):
    """A distribution's files, the oldest first."""

    meta: Meta
    name: str
    versions: list[str]
    files: list[FileAnswer]

    @classmethod
    def of(cls, distribution: str, files: Sequence[IndexFile]) -> Self:
        """A distribution as it is told."""
        versions = list(dict.fromkeys(file.version for file in files))
        return cls(meta=META, name=distribution, versions=versions, files=[FileAnswer.of(file) for file in files])
