"""The digest of an unpacked tree: what was hashed is what is reviewed and what runs."""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from yimen_registry.errors import RegistryError

_CHUNK = 1024 * 1024


class TreeAltered(RegistryError):
    """A stored tree is not the tree that was approved; it must not run."""

    code = "tree_altered"
    status = 500


def digest_of(files: Mapping[str, str]) -> str:
    """Return the digest of a tree from its files' SHA-256, as `sha256sum` would list them, sorted by path."""
    listing = "".join(f"{files[path]}  {path}\n" for path in sorted(files))
    return hashlib.sha256(listing.encode()).hexdigest()


def tree_digest(tree: Path) -> str:
    """Hash the tree that lies on disk.

    Raises TreeAltered when something in it is neither a directory nor a plain file.
    """
    return digest_of({path: _sha256(tree / path) for path in _files(tree)})


def verify_tree(tree: Path, digest: str) -> None:
    """Hash a tree again before it runs.

    Raises TreeAltered when a file was changed, added, removed, or replaced by a link.
    """
    if not tree.is_dir() or tree.is_symlink():
        raise TreeAltered(f"the tree {tree.name} is not there")
    found = tree_digest(tree)
    if found != digest:
        raise TreeAltered(f"the tree {tree.name} hashes to {found}, approved was {digest}")


def _files(tree: Path) -> Iterator[str]:
    for directory, directories, names in os.walk(tree):
        for name in (*directories, *names):
            path = Path(directory, name)
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                yield path.relative_to(tree).as_posix()
            elif not stat.S_ISDIR(mode):
                raise TreeAltered(f"{path.relative_to(tree)} is neither a file nor a directory")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
