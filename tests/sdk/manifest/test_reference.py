"""The reference page says what the parser says: every key, every scope, every value."""

import re
from pathlib import Path

import pytest

from yimen_sdk.events import EVENTS
from yimen_sdk.manifest import Audience, Category, parse_manifest
from yimen_sdk.manifest.model import ManifestFile
from yimen_sdk.scopes import SCOPES

PAGE = (Path(__file__).parents[3] / "docs/reference/manifest.md").read_text("utf-8")


@pytest.mark.parametrize("key", sorted(ManifestFile.model_fields))
def test_every_key_is_described(key: str) -> None:
    assert f"`{key}`" in PAGE or f"### `[[{key}]]`" in PAGE


def test_every_scope_is_described() -> None:
    rows = [
        f"| `{scope.name}` | {scope.title.zh} {scope.title.en}: {scope.gives.en} | "
        f"{scope.sensitivity.value} | {scope.level} |"
        for scope in sorted(SCOPES.values(), key=lambda scope: scope.name)
    ]

    assert "\n".join(rows) in PAGE


@pytest.mark.parametrize("value", [*Category, *Audience, *EVENTS])
def test_every_value_is_listed(value: str) -> None:
    assert f"`{value}`" in PAGE


def test_the_example_parses() -> None:
    example = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)

    assert example is not None
    assert parse_manifest(example[1]).id == "greeting"
