"""A good mini-app on disk, and the way to spoil it."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from yimen_sdk.rules import Subject, from_project
from yimen_sdk.scaffold import Names, write_project

Spoil = Callable[[Mapping[str, str]], Subject]


@pytest.fixture
def spoil(tmp_path: Path) -> Spoil:
    """Return a function that writes a good mini-app, then files over it (`+` before a name appends)."""

    return partial(write, tmp_path)


def write(project: Path, files: Mapping[str, str]) -> Subject:
    """Write the mini-app and the files into an empty directory."""
    write_project(Names("tea", "茶", "Tea"), project)
    manifest = project / "yimen_tea/miniapp.toml"
    text = manifest.read_text("utf-8").replace("# contact", "contact").replace("# complaint", "complaint")
    manifest.write_text(text, "utf-8")
    for name, content in files.items():
        path = project / name.removeprefix("+")
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text("utf-8") if name.startswith("+") else ""
        path.write_text(before + content, "utf-8")
    return from_project(project)
