"""The `yimen` command: from an empty directory to a wheel that the registry takes."""

import typer

from yimen_sdk.cli.build import build
from yimen_sdk.cli.check import check
from yimen_sdk.cli.dev import dev
from yimen_sdk.cli.new import new
from yimen_sdk.cli.schema import schema

app = typer.Typer(
    name="yimen",
    help="Write mini-apps for Yimen 一门.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(new)
app.command()(dev)
app.command()(check)
app.command()(build)
app.command()(schema)


def main() -> None:
    """Run the command line."""
    app()
