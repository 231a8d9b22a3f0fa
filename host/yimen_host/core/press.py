"""The press: sets facts in type by one of our templates (``papers/*.typ``) and gives a PDF. Knows no paper's meaning.

Every paper is PDF/A-2a and PDF/UA-1: tagged, for keeping and for screen readers, with its fonts inside. The same facts
give the same bytes. A template gets its facts as data, so nothing in them is ever read as a command of the typesetter.
"""

import asyncio
import datetime as dt
import json
import unicodedata
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn as typefaces
import typst
from fontTools.ttLib import TTFont

from yimen_host.core.errors import TryLater

TEMPLATES = Path(__file__).parent.parent / "papers"
AT_ONCE = 2  # the typesetter works outside Python's lock; more would only take the processors from payments
MOST_WAITING = 40  # of some 30 ms each: who comes later is better asked to come back
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")  # Unicode's categories of what has no shape, or turns the shapes of others


class Press:
    """Prints papers beside the event loop, a few at once."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE, "press")
        self._waiting = 0

    async def print(self, template: str, facts: Mapping[str, Any], *, day: dt.date) -> bytes:  # Any: the template's
        """Print one paper of a day. Raises TryLater when too many wait.

        The template finds ``illegible`` true when the typefaces lack a character: it stands there as 〔U+20BB7〕.
        """
        if self._waiting >= MOST_WAITING:
            raise TryLater("too many papers are being printed: try again in a moment")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, _set, template, facts, day)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Print what waits, and no more."""
        self._pool.shutdown()


def legible(text: str) -> str:
    """Name each character by its number that could not be seen in print: nothing vanishes, nothing turns around."""
    return "".join(one if _is_legible(one) else f"〔U+{ord(one):04X}〕" for one in text)


def _set(template: str, facts: Mapping[str, Any], day: dt.date) -> bytes:  # Any: as above
    seen = _legible(facts)
    data = {**seen, "illegible": seen != facts, "day": [day.year, day.month, day.day]}
    made = typst.compile(
        TEMPLATES / template,
        root=TEMPLATES,
        font_paths=_fonts(),
        sys_inputs={"facts": json.dumps(data, ensure_ascii=False)},
        format="pdf",
        pdf_standards=["a-2a", "ua-1"],
    )
    assert isinstance(made, bytes)
    return made


def _legible(value: Any) -> Any:  # Any: a value of JSON
    match value:
        case str():
            return legible(value)
        case Mapping():
            return {key: one if key == "drawing" else _legible(one) for key, one in value.items()}
        case list():
            return [_legible(one) for one in value]
    return value


def _is_legible(one: str) -> bool:
    return unicodedata.category(one) not in _UNSEEN and ord(one) in _shapes()


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[typefaces.sans_path().parent]
    )


@cache
def _shapes() -> frozenset[int]:
    """The characters that both typefaces have."""
    sans, serif = (TTFont(path, lazy=True).getBestCmap() for path in (typefaces.sans_path(), typefaces.serif_path()))
    return frozenset(sans) & frozenset(serif)
