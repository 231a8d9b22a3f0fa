"""Writes packages for tests to load, each under a name of its own."""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

Write = Callable[..., str]
HEAD = "from yimen_sdk import MiniApp, hookimpl\napp = MiniApp(__name__)\n"
OFFER = "@hookimpl\ndef yimen_miniapps():\n    return [app]\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a package of some files and tell its name; it is forgotten after the test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    known = set(sys.modules)

    def write(code: str, files: Mapping[str, str] | None = None, *, name: str = "yimen_written") -> str:
        directory = tmp_path / name
        directory.mkdir()
        (directory / "__init__.py").write_text(dedent(code))
        for path, text in (files or {}).items():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_text(dedent(text))
        return name

    yield write
    for module in set(sys.modules) - known:
        if module.startswith("yimen_written"):
            del sys.modules[module]
