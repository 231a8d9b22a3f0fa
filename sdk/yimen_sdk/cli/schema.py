"""`yimen schema`: the JSON Schema of miniapp.toml, for editors."""

import json

import typer

from yimen_sdk.manifest import manifest_schema


def schema() -> None:
    """Write the JSON Schema of miniapp.toml."""
    typer.echo(json.dumps(manifest_schema(), ensure_ascii=False, indent=2))
