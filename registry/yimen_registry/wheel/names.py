"""Judges the names of members: text that is one path, the same on every file system, inside the wheel."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from yimen_registry.wheel.limits import Limits
from yimen_registry.wheel.refusal import WheelFault, WheelRule

_FORBIDDEN = re.compile(r'[\\:*?"<>|]')


def name_faults(names: Sequence[str], limits: Limits) -> Iterator[WheelFault]:
    """Yield every fault of the names, one by one and together."""
    for name in names:
        yield from _alone(name, limits)
    yield from _together(names)


def is_safe(name: str, limits: Limits) -> bool:
    """Tell whether a name may be written below a directory."""
    return not any(_alone(name, limits))


def _alone(name: str, limits: Limits) -> Iterator[WheelFault]:
    parts = name.removesuffix("/").split("/")
    if name.startswith("/") or ".." in parts or "\\" in name or re.match(r"[A-Za-z]:", name):
        yield WheelFault(WheelRule.ESCAPE, "the path leaves the wheel", name)
    elif any(part in {"", "."} or part != part.strip() or part.endswith(".") for part in parts):
        yield WheelFault(WheelRule.CHARACTERS, "a part of the path is empty, '.', or ends in a blank or dot", name)
    elif _FORBIDDEN.search(name) or any(unicodedata.category(letter)[0] == "C" for letter in name):
        yield WheelFault(WheelRule.CHARACTERS, "has a character that is invisible or reserved", name)
    elif unicodedata.normalize("NFC", name) != name or len(name.encode()) > limits.name:
        yield WheelFault(WheelRule.CHARACTERS, f"is not NFC text of at most {limits.name} bytes", name)


def _together(names: Sequence[str]) -> Iterator[WheelFault]:
    files: set[str] = set()
    directories: set[str] = set()
    for name in names:
        folded = unicodedata.normalize("NFC", name.casefold())
        parents = _parents(folded)
        own, other = (directories, files) if folded.endswith("/") else (files, directories)
        if folded.removesuffix("/") in other or files & set(parents) or (own is files and folded in files):
            yield WheelFault(WheelRule.DUPLICATE, "the name comes twice, or differs only in case", name)
        own.add(folded.removesuffix("/"))
        directories.update(parents)


def _parents(name: str) -> list[str]:
    parts = name.removesuffix("/").split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
