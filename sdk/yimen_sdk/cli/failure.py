"""How a command gives up: one message on standard error, and a status that scripts can read."""

from typing import NoReturn

import typer

FAILED = 1
"""The command did what it should, and the answer is no."""
USAGE = 2
"""The command could not do what it was asked; the message says what to change."""


def give_up(message: str, status: int = USAGE) -> NoReturn:
    """End the command with a message."""
    typer.echo(message, err=True)
    raise typer.Exit(status)
