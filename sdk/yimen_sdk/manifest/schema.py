"""The JSON Schema of `miniapp.toml`, for editors and for the reference page. The parser stays the judge."""

from typing import Any

from yimen_sdk.manifest.model import ManifestFile


def manifest_schema() -> dict[str, Any]:  # `Any`: JSON Schema is arbitrary JSON
    """Return the JSON Schema (draft 2020-12) of the manifest file."""
    schema = ManifestFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "miniapp.toml"}
