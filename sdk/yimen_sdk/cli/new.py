"""`yimen new`: writes a mini-app that works, with its tests."""

import re
from pathlib import Path
from typing import Annotated

import typer

from yimen_sdk.cli.failure import give_up
from yimen_sdk.manifest.names import DNS_LABEL, RESERVED_IDS
from yimen_sdk.scaffold import Names, write_project

_BREAKS_TOML = re.compile(r'["\\$\x00-\x1f]')


def new(
    name: Annotated[str, typer.Argument(help="The id: lower-case letters, digits, hyphens. It becomes the origin.")],
    title_zh: Annotated[str, typer.Option(help="The title in Chinese.")] = "问候",
    title_en: Annotated[str, typer.Option(help="The title in English.")] = "Greeting",
    into: Annotated[Path | None, typer.Option(help="The directory to write; by default NAME.")] = None,
) -> None:
    """Write a new mini-app."""
    if not re.fullmatch(DNS_LABEL, name) or name in RESERVED_IDS or name.startswith("xn--"):
        give_up(f"{name!r} cannot be an id: use lower-case letters, digits and hyphens, and no name of the platform")
    if any(_BREAKS_TOML.search(title) or not 1 <= len(title) <= 30 for title in (title_zh, title_en)):
        give_up("a title has 1 to 30 characters, without quotes, backslashes and dollar signs")
    directory = into or Path(name)
    try:
        written = write_project(Names(name, title_zh, title_en), directory)
    except OSError as error:
        give_up(str(error))
    for path in written:
        typer.echo(f"  {path}")
    typer.echo(f"\nNext: cd {directory}, then `yimen dev` to see it, `yimen check` and `yimen build`.")
