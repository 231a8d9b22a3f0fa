"""Which probes of the hostile page stay open in which layout of domains, and the table of it for the page.

`python -m tests.attacks.browser.layouts` writes the table.
"""

from pathlib import Path

from tests.attacks.browser.hunt import PROBES

from yimen_host.domains import Layout

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "isolation.md"
OPEN: dict[Layout, frozenset[str]] = {
    Layout.LOCAL: frozenset(),
    Layout.SEPARATE: frozenset(),
    Layout.SHARED: frozenset({"push the visitor's session out"}),
}
_TITLES = {Layout.SEPARATE: "separate domains", Layout.LOCAL: "`*.localhost`", Layout.SHARED: "one shared domain"}
_BEGIN, _END = "<!-- layouts -->\n", "<!-- /layouts -->\n"


def table() -> str:
    """Return the table as Markdown."""
    rows = [["a hostile page tries to", *_TITLES.values()], ["---"] * (len(_TITLES) + 1)]
    rows += [[name, *("**open**" if name in OPEN[layout] else "stopped" for layout in _TITLES)] for name in PROBES]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def renewed(page: str) -> str:
    """Return the page with its table replaced. Raises ValueError when the page has no place for it."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"the page has no {_BEGIN.strip()} … {_END.strip()}")
    return f"{before}{begin}{table()}{end}{after}"


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text()))
