"""The file browser shows the tree and nothing around it."""

import pytest

from yimen_registry import NotFound
from yimen_registry.testing import Town


@pytest.mark.parametrize("path", ["../../incoming", "/etc/passwd", "yimen_greeting/../yimen_greeting/__init__.py", ""])
async def test_a_path_outside_the_tree_is_not_found(town: Town, path: str) -> None:
    build = await town.upload()

    with pytest.raises(NotFound):
        await town.registry.tree_text(build.tree_digest, path)


@pytest.mark.parametrize("digest", ["0" * 64, "../..", ""])
async def test_a_digest_of_nothing_is_not_found(town: Town, digest: str) -> None:
    with pytest.raises(NotFound):
        await town.registry.tree_files(digest)
