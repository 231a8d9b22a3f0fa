"""One template as the rules read it: the tags that will reach the browser, each with its line. It renders nothing."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser

_TEMPLATE_CODE = re.compile(r"\{%.*?%\}|\{#.*?#\}|\{\{.*?\}\}", re.DOTALL)
PLACE = "\ufffc"
"""What stands in the markup where the template puts a value."""


@dataclass(frozen=True)
class Tag:
    """A start tag. An attribute without a value has the value `""`."""

    name: str
    attributes: dict[str, str]
    line: int
    in_label: bool = False


@dataclass(frozen=True)
class Words:
    """Text between tags."""

    text: str
    line: int


@dataclass(frozen=True)
class Template:
    """A template with its tags and its bare words. `path` is relative to what is checked."""

    path: str
    text: str
    tags: tuple[Tag, ...]
    words: tuple[Words, ...]

    def line_of(self, position: int) -> int:
        """Return the line of a position in the text."""
        return self.text.count("\n", 0, position) + 1


def read_template(path: str, text: str) -> Template:
    """Take a template apart."""
    parser = _Parser()
    parser.feed(_TEMPLATE_CODE.sub(_placeholder, text))
    parser.close()
    return Template(path, text, tuple(parser.tags), tuple(parser.words))


def _placeholder(match: re.Match[str]) -> str:
    """Keep the lines; keep a mark where a value goes."""
    mark = PLACE if match[0].startswith("{{") else ""
    return mark + "\n" * match[0].count("\n")


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[Tag] = []
        self.words: list[Words] = []
        self._raw = 0
        self._labels = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append(Tag(tag, attributes, self.getpos()[0], self._labels > 0))
        self._raw += tag in {"script", "style"}
        self._labels += tag == "label"

    def handle_endtag(self, tag: str) -> None:
        self._raw -= tag in {"script", "style"}
        self._labels -= tag == "label"

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._raw:
            leading = len(data) - len(data.lstrip())
            self.words.append(Words(data.strip(), self.getpos()[0] + data.count("\n", 0, leading)))
