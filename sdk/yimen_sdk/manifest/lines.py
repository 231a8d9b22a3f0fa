"""Finds the line of every key of a TOML document. It expects text that `tomllib` has already accepted."""

import re
from bisect import bisect_right
from collections.abc import Mapping

from yimen_sdk.manifest.fault import Path

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY_PART = re.compile(r"""[ \t]*("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)[ \t]*""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}\n#]*")


def lines_of(text: str) -> Mapping[Path, int]:
    """Map the path of each key and array item to its line, counted from 1."""
    return _Scan(text).run()


def line_at(lines: Mapping[Path, int], path: Path) -> int:
    """Return the line of a path, or of the nearest thing around it that the document has."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _Scan:
    """One pass over the document, remembering the table it is in."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.lines: dict[Path, int] = {}
        self.items: dict[Path, int] = {}

    def run(self) -> Mapping[Path, int]:
        table: Path = ()
        self._blank()
        while self.at < len(self.text):
            table = self._header() if self.text[self.at] == "[" else self._pair(table)
            self._blank()
        return self.lines

    def _header(self) -> Path:
        start = self.at
        many = self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        path: Path = ()
        keys = self._keys()
        self.at += 2 if many else 1
        for key in keys[:-1]:
            path = self._last_item((*path, key))
        path = (*path, keys[-1])
        if many:
            self._note(path, start)
            self.items[path] = self.items.get(path, 0) + 1
        path = self._last_item(path)
        self._note(path, start)
        return path

    def _last_item(self, path: Path) -> Path:
        return (*path, self.items[path] - 1) if path in self.items else path

    def _pair(self, table: Path) -> Path:
        start = self.at
        path = table
        for key in self._keys():
            path = (*path, key)
            self._note(path, start)
        self.at += 1  # the equals sign
        self._value(path)
        return table

    def _keys(self) -> list[str]:
        keys: list[str] = []
        while match := _KEY_PART.match(self.text, self.at):
            keys.append(match[1].strip("\"'"))
            self.at = match.end()
            if self.text[self.at] != ".":
                break
            self.at += 1
        return keys

    def _value(self, path: Path) -> None:
        self._blank()
        if self.text[self.at] == "[":
            self._array(path)
        elif self.text[self.at] == "{":
            self._inline_table(path)
        else:
            match = _STRING.match(self.text, self.at) or _BARE.match(self.text, self.at)
            self.at = match.end() if match else len(self.text)

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while self._next() != "]":
            self._note((*path, index), self.at)
            self._value((*path, index))
            index += 1
        self.at += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while self._next() != "}":
            self._pair(path)
        self.at += 1

    def _next(self) -> str:
        self._blank()
        if self.text[self.at] == ",":
            self.at += 1
            self._blank()
        return self.text[self.at]

    def _blank(self) -> None:
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _note(self, path: Path, start: int) -> None:
        self.lines.setdefault(path, bisect_right(self.starts, start))
