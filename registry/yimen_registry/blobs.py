"""Keeps wheels and their unpacked trees on disk, each under its own digest, read-only once it is there."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DIRECTORY = 0o555
_FILE = 0o444


class Blobs:
    """A directory with `files/`, `trees/` and `incoming/`; the last holds nothing that is finished."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for part in ("files", "trees", "incoming"):
            (root / part).mkdir(parents=True, exist_ok=True)

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """Lend an empty directory; whatever is still in it afterwards is gone."""
        directory = Path(tempfile.mkdtemp(dir=self.root / "incoming"))
        try:
            yield directory
        finally:
            _remove(directory)

    def file(self, sha256: str) -> Path:
        """Return where the wheel with this digest is, or would be."""
        return self.root / "files" / f"{_hexadecimal(sha256)}.whl"

    def tree(self, digest: str) -> Path:
        """Return where the tree with this digest is, or would be."""
        return self.root / "trees" / _hexadecimal(digest)

    def keep_file(self, path: Path, sha256: str) -> Path:
        """Move a finished wheel to its place. Keeping the same bytes twice is the same as once."""
        path.chmod(_FILE)
        path.replace(self.file(sha256))
        return self.file(sha256)

    def keep_tree(self, path: Path, digest: str) -> Path:
        """Move a finished tree to its place and seal it."""
        kept = self.tree(digest)
        if not kept.exists():
            _seal(path)
            try:
                path.rename(kept)
            except OSError:  # another upload of the same tree was faster
                if not kept.is_dir():
                    raise
        kept.chmod(_DIRECTORY)
        return kept


def _seal(tree: Path) -> None:
    """Make everything below the top read-only; the top itself must still be renamed."""
    for directory, directories, files in os.walk(tree):
        for name in files:
            Path(directory, name).chmod(_FILE)
        for name in directories:
            Path(directory, name).chmod(_DIRECTORY)


def _remove(tree: Path) -> None:
    for directory, _, _ in os.walk(tree):
        os.chmod(directory, stat.S_IRWXU)
    shutil.rmtree(tree)


def _hexadecimal(digest: str) -> str:
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise ValueError(f"{digest!r} is not a SHA-256 in hexadecimal")
    return digest
