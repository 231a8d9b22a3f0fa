"""No text breaks the parser: a manifest comes out, or faults with lines of that text."""

from hypothesis import given
from hypothesis import strategies as st

from yimen_sdk.manifest import Fault, ManifestError, manifest_schema, parse_manifest
from yimen_sdk.manifest.model import ManifestFile

KEYS = [*ManifestFile.model_fields, "name", "reason", "path", "host", "text", "kept", "titel"]
VALUES = st.recursive(
    st.sampled_from(['"x"', '"/"', '"storage"', "1", "true", "1.5", "1979-05-27", '{ zh = "a", en = "b" }', "[]"]),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
    max_leaves=4,
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Draw TOML out of the words of manifests, much of it wrong."""
    lines = []
    for _ in range(draw(st.integers(0, 12))):
        key = draw(st.sampled_from(KEYS))
        kind = draw(st.sampled_from(["pair", "pair", "table", "list"]))
        lines.append({"pair": f"{key} = {draw(VALUES)}", "table": f"[{key}]", "list": f"[[{key}]]"}[kind])
    return "\n".join(lines)


def faults_of(text: str) -> tuple[Fault, ...]:
    """Return the faults of a text; none when it is a manifest."""
    try:
        parse_manifest(text)
    except ManifestError as error:
        return error.faults
    return ()


def check(text: str) -> None:
    faults = faults_of(text)

    assert faults == tuple(sorted(faults))
    assert all(1 <= fault.line <= text.count("\n") + 1 and fault.message for fault in faults)
    assert faults or parse_manifest(text).id in text


@given(documents())
def test_any_manifest_is_read_or_its_faults_are_named(text: str) -> None:
    check(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_its_faults_are_named(text: str) -> None:
    check(text)


def test_the_schema_has_every_field() -> None:
    assert manifest_schema()["properties"].keys() == ManifestFile.model_fields.keys()
