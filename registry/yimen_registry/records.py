"""What the host is handed: a release to run, a submission to judge, a file to read."""

from dataclasses import dataclass
from pathlib import Path

from yimen_registry.blobs import Blobs
from yimen_registry.errors import NotFound
from yimen_registry.releases.machine import ReleaseState
from yimen_registry.releases.store import Release
from yimen_registry.submissions.store import Statement, Submission
from yimen_sdk.manifest import Manifest, ManifestDiff

MAX_SHOWN = 512 * 1024
"""Bytes of a file that a reviewer is shown; nobody reads more of one file."""

EVERYBODY = 100
"""The share, in percent, that a live release serves of those whom no other release serves."""


@dataclass(frozen=True)
class ReleaseRecord:
    """A release that serves somebody, and the tree it runs from. Verify the tree before it runs."""

    app_id: str
    version: str
    tree: Path
    tree_digest: str
    module: str
    manifest: Manifest
    stage: ReleaseState
    percent: int
    """The share of residents it serves: 100 when live, 0 when only the pilot list gets it."""
    pilots: tuple[str, ...]


@dataclass(frozen=True)
class SubmissionDetail:
    """A submission, what changed against what residents have, and what was said about it."""

    submission: Submission
    diff: ManifestDiff
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class TreeFile:
    """One file of an unpacked tree."""

    path: str
    size: int


def record_of(release: Release, blobs: Blobs) -> ReleaseRecord:
    """Return what the runtime needs of a release."""
    return ReleaseRecord(
        app_id=release.app_id,
        version=release.version,
        tree=blobs.tree(release.tree_digest),
        tree_digest=release.tree_digest,
        module=release.module,
        manifest=release.manifest,
        stage=release.state,
        percent=EVERYBODY if release.state is ReleaseState.LIVE else release.percent,
        pilots=release.pilots,
    )


def list_tree(blobs: Blobs, digest: str) -> list[TreeFile]:
    """Return the files of a tree, sorted. Raises NotFound."""
    tree = _tree(blobs, digest)
    files = sorted(path for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
    return [TreeFile(path.relative_to(tree).as_posix(), path.stat().st_size) for path in files]


def read_text(blobs: Blobs, digest: str, path: str) -> str:
    """Return the beginning of a file as text. Raises NotFound for any path that is not listed."""
    if path not in {file.path for file in list_tree(blobs, digest)}:
        raise NotFound(f"there is no file {path!r} in this tree")
    with (_tree(blobs, digest) / path).open("rb") as file:
        return file.read(MAX_SHOWN).decode(errors="replace")


def _tree(blobs: Blobs, digest: str) -> Path:
    try:
        tree = blobs.tree(digest)
    except ValueError as error:
        raise NotFound(f"{digest!r} names no tree") from error
    if not tree.is_dir():
        raise NotFound(f"there is no tree {digest}")
    return tree
