"""The language in which a command answers: as asked, else the terminal's."""

import os
from enum import StrEnum
from typing import Annotated

import typer

from yimen_sdk.terminal import language_of


class Language(StrEnum):
    """The two that Yimen speaks."""

    ZH = "zh"
    """Chinese."""
    EN = "en"
    """English."""


LANGUAGE = Annotated[Language | None, typer.Option("--language", help="Answer in zh or en; by default as LANG says.")]
"""The option."""


def chosen(language: Language | None) -> str:
    """Return what was asked for, else the terminal's language."""
    return language or language_of(os.environ)
