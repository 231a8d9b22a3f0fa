"""Write the table of levels and probes into a page: `python -m yimen_host.runtime.probes.document PAGE`."""

import sys
from pathlib import Path

from yimen_host.runtime.probes.table import PROBES
from yimen_host.runtime.sandbox.guards import Guard
from yimen_host.runtime.sandbox.layers import CONTAINER, FULL, LEVEL_NAMES, NONE, ROOTLESS, Layer

_LEVELS = (FULL, ROOTLESS, CONTAINER, NONE)
_BEGIN, _END = "<!-- probes -->\n", "<!-- /probes -->\n"


def table() -> str:
    """Return the table as Markdown: which level stops which probe, and by what."""
    head = ["probe", "tries to", *(f"{level} {LEVEL_NAMES[level]}" for level in _LEVELS), "each of these stops it"]
    rows = [head, ["---"] * len(head)]
    for probe in PROBES:
        tries = probe.tries[0].lower() + probe.tries[1:]
        verdicts = ["stopped" if probe.is_stopped_at(level) else "**open**" for level in _LEVELS]
        obstacles = ", ".join(obstacle for obstacle in (*Layer, *Guard) if obstacle in probe.stopped_by)
        rows.append([f"`{probe.name}`", tries, *verdicts, obstacles])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def renewed(page: str) -> str:
    """Return the page with its table replaced. Raises ValueError when the page has no place for it."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"the page has no {_BEGIN.strip()} … {_END.strip()}")
    return f"{before}{begin}{table()}{end}{after}"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(renewed(target.read_text()))
