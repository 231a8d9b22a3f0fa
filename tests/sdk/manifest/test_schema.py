"""The published JSON Schema says what the parser says."""

from yimen_sdk.manifest import manifest_schema
from yimen_sdk.scopes import SCOPES


def test_the_schema_names_what_is_required_and_forbids_the_rest() -> None:
    schema = manifest_schema()

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["id", "title", "category", "sdk"]
    assert schema["additionalProperties"] is False
    assert not {"version", "distribution", "module"} & schema["properties"].keys()


def test_the_schema_lists_every_scope() -> None:
    assert manifest_schema()["$defs"]["ScopeRequest"]["properties"]["name"]["enum"] == sorted(SCOPES)


def test_the_schema_has_the_grammar_of_the_id() -> None:
    assert manifest_schema()["properties"]["id"]["pattern"] == r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"
