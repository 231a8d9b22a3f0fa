"""Whether a migration may run while other releases serve, and which may serve after it.

Adding may always, taking away only what none of them uses.

Text only. It finds what SQL says plainly; what a function hides from it, a reviewer has to find.
"""

import re
from collections.abc import Iterable

from packaging.version import InvalidVersion, Version

_SINCE = re.compile(r"^--\s*unused since\s+(\S+)\s*$", re.MULTILINE | re.IGNORECASE)
_NOT_SAID = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_TAKES_AWAY = re.compile(
    r"\bdrop\s+(?!default\b|not\s+null\b|constraint\b|index\b|trigger\b|policy\b)\w"
    r"|\brename\b|\btruncate\b|\bset\s+not\s+null\b|\balter\s+column\s+\S+\s+(?:set\s+data\s+)?type\b",
    re.IGNORECASE,
)


def refusal(migration: str, others: Iterable[str]) -> str:
    """Why a migration may not run while these versions serve too; empty when it may.

    One that drops, renames or narrows says since which version nothing uses it: `-- unused since 2.0.0`.
    """
    serving = sorted(others)
    if not serving or not _takes_away(migration):
        return ""
    said = _SINCE.search(migration)
    if said is None:
        return (
            f"takes something away while {', '.join(serving)} serves too; when no such version uses it any more, "
            "say so on a line of its own: -- unused since VERSION"
        )
    older = [version for version in serving if is_before(version, said[1])]
    return f"takes away what {', '.join(older)} still uses; retire that first" if older else ""


def since(migration: str, brought_by: str) -> str | None:
    """The oldest version that can serve once this has run; None when it only adds.

    It is the version that the migration names, else the one that brought it: nothing is known of those before.
    """
    if not _takes_away(migration):
        return None
    said = _SINCE.search(migration)
    return said[1] if said else brought_by


def is_before(version: str, since: str) -> bool:
    """Whether a version is older than another; one that is no version is older than all."""
    try:
        return Version(version) < Version(since)
    except InvalidVersion:
        return True


def _takes_away(migration: str) -> bool:
    return _TAKES_AWAY.search(_NOT_SAID.sub(" ", migration)) is not None
