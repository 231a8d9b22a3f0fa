"""What somebody typed into a form of many fields: each is read by a reader of its own, and every fault is kept."""

from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


class Typed:
    """A form that was sent. ``faults`` are the words beside each field that could not be read."""

    def __init__(self, typed: Mapping[str, str]) -> None:
        self._typed = typed
        self.faults: dict[str, str] = {}

    def read(self, name: str, reader: Callable[[str], T], fault: str) -> T | None:
        """Read a field; where its reader raises ValueError, keep the fault and answer None."""
        try:
            return reader(self._typed.get(name, "").strip())
        except ValueError:
            self.faults[name] = fault
            return None


def within(least: int, most: int) -> Callable[[str], int]:
    """A reader of whole numbers between two, which raises ValueError for others."""

    def reader(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and least <= int(text) <= most):
            raise ValueError(text)
        return int(text)

    return reader
