"""The line of every key, in every shape TOML has."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from yimen_sdk.manifest.fault import Path
from yimen_sdk.manifest.lines import line_at, lines_of

DOCUMENT = '''\
a = 1 # a comment = [ "
b.c = """
not = "a key"
[neither]
"""
"quoted key" = 'x # = y'

[table]
list = [ # a comment ]
  1, [2,
  3],
  { deep = "}", deeper = { x = 1 } },
]
[[rows]]
name = "first"
[rows.child]
x = 1
[[rows.more]]
y = 2
[[rows]]
name = "second"
  [[rows.more]]
  y = 3
'''


def test_every_shape_of_toml_has_its_line() -> None:
    tomllib.loads(DOCUMENT)

    assert lines_of(DOCUMENT) == {
        ("a",): 1,
        ("b",): 2,
        ("b", "c"): 2,
        ("quoted key",): 6,
        ("table",): 8,
        ("table", "list"): 9,
        ("table", "list", 0): 10,
        ("table", "list", 1): 10,
        ("table", "list", 1, 0): 10,
        ("table", "list", 1, 1): 11,
        ("table", "list", 2): 12,
        ("table", "list", 2, "deep"): 12,
        ("table", "list", 2, "deeper"): 12,
        ("table", "list", 2, "deeper", "x"): 12,
        ("rows",): 14,
        ("rows", 0): 14,
        ("rows", 0, "name"): 15,
        ("rows", 0, "child"): 16,
        ("rows", 0, "child", "x"): 17,
        ("rows", 0, "more"): 18,
        ("rows", 0, "more", 0): 18,
        ("rows", 0, "more", 0, "y"): 19,
        ("rows", 1): 20,
        ("rows", 1, "name"): 21,
        ("rows", 1, "more"): 22,
        ("rows", 1, "more", 0): 22,
        ("rows", 1, "more", 0, "y"): 23,
    }


def test_what_is_missing_takes_the_line_of_what_is_around_it() -> None:
    lines = lines_of(DOCUMENT)

    assert line_at(lines, ("rows", 1, "reason", "zh")) == 20
    assert line_at(lines, ("nowhere",)) == 1


_keys = st.text("abcxyz-_ .", min_size=1, max_size=6)
_values = st.recursive(
    st.integers() | st.booleans() | st.text("ab#=[]{}\"'\\ ,\n", max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(_keys, _values, max_size=5))
def test_any_document_yields_exactly_the_paths_that_tomllib_reads(document: dict[str, Any]) -> None:
    text = "".join(f"{_quoted(key)} = {_toml(value)}\n" for key, value in document.items())

    assert set(lines_of(text)) == set(_paths(tomllib.loads(text)))


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[\n" + ",\n".join(map(_toml, value)) + "\n]"
    return str(value).lower() if isinstance(value, bool | int) else _quoted(str(value))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _paths(value: object, path: Path = ()) -> list[Path]:
    children: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    return [found for key, child in children for found in [(*path, key), *_paths(child, (*path, key))]]
