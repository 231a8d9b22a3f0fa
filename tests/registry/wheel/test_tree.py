"""The tree that was hashed is the tree that runs: every way to alter it is noticed."""

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from yimen_registry.blobs import Blobs
from yimen_registry.wheel import TreeAltered, tree_digest, verify_tree


def make_tree(directory: Path) -> Path:
    tree = directory / "tree"
    (tree / "package").mkdir(parents=True)
    (tree / "package/__init__.py").write_text("x = 1\n")
    (tree / "package/page.html").write_text("<h1>hi</h1>\n")
    return tree


def test_the_digest_is_that_of_a_sorted_sha256sum_listing(tmp_path: Path) -> None:
    tree = make_tree(tmp_path)

    command = "find * -type f | LC_ALL=C sort | xargs sha256sum"
    listing = subprocess.run(command, shell=True, cwd=tree, capture_output=True, check=True).stdout
    assert tree_digest(tree) == hashlib.sha256(listing).hexdigest()


ALTERATIONS: dict[str, Callable[[Path], object]] = {
    "changed": lambda tree: (tree / "package/__init__.py").write_text("x = 2\n"),
    "added": lambda tree: (tree / "package/extra.py").write_text(""),
    "removed": lambda tree: (tree / "package/page.html").unlink(),
    "renamed": lambda tree: (tree / "package/page.html").rename(tree / "package/other.html"),
    "linked": lambda tree: (tree / "package/link").symlink_to("/etc/passwd"),
    "fifo": lambda tree: os.mkfifo(tree / "package/fifo"),
}


@pytest.mark.parametrize("how", ALTERATIONS)
def test_an_altered_tree_does_not_verify(how: str, tmp_path: Path) -> None:
    tree = make_tree(tmp_path)
    digest = tree_digest(tree)
    verify_tree(tree, digest)

    ALTERATIONS[how](tree)

    with pytest.raises(TreeAltered):
        verify_tree(tree, digest)


def test_a_tree_behind_a_link_does_not_verify(tmp_path: Path) -> None:
    tree = make_tree(tmp_path)
    (tmp_path / "link").symlink_to(tree)

    with pytest.raises(TreeAltered):
        verify_tree(tmp_path / "link", tree_digest(tree))


def test_a_kept_tree_is_read_only_and_kept_once(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    digests = []

    for _ in range(2):
        with blobs.incoming() as incoming:
            tree = make_tree(incoming)
            digests.append(tree_digest(tree))
            kept = blobs.keep_tree(tree, digests[-1])

    verify_tree(kept, digests[0])
    assert digests[0] == digests[1]
    assert [oct(path.stat().st_mode & 0o777) for path in (kept, kept / "package")] == ["0o555", "0o555"]
    assert oct((kept / "package/__init__.py").stat().st_mode & 0o777) == "0o444"
    assert list((tmp_path / "blobs/incoming").iterdir()) == []


def test_what_is_lent_is_gone_afterwards(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)

    with blobs.incoming() as incoming:
        make_tree(incoming).chmod(0o555)

    assert list((tmp_path / "incoming").iterdir()) == []


@pytest.mark.parametrize("digest", ["", "../../etc", "A" * 64, "0" * 63])
def test_only_a_digest_names_a_blob(digest: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        Blobs(tmp_path).tree(digest)
