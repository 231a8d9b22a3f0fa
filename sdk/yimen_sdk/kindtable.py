"""Tables of kinds for the reference, made from the code, and how they get into a page."""

from collections.abc import Iterable

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.saying import Kind

_TOLD = "| code | says |\n|---|---|\n"
_ADVISED = "| code | says | what to change |\n|---|---|---|\n"


def table(kinds: Iterable[Kind]) -> str:
    """Return a table as Markdown of kinds that say by themselves what to change."""
    return _TOLD + "".join(_row(kind, kind.told) for kind in kinds)


def advised(kinds: Iterable[Kind], advice: Bilingual) -> str:
    """Return a table as Markdown with what to change; `advice` is for kinds that have none of their own."""
    return _ADVISED + "".join(_row(kind, kind.told, kind.advice or advice) for kind in kinds)


def placed(page: str, mark: str, text: str) -> str:
    """Return the page with what stands between `<!-- mark -->` and `<!-- /mark -->` replaced.

    Raises ValueError when the page has no such place.
    """
    begins, ends = f"<!-- {mark} -->\n", f"<!-- /{mark} -->\n"
    before, begin, rest = page.partition(begins)
    _, end, after = rest.partition(ends)
    if not (begin and end):
        raise ValueError(f"the page has no {begins.strip()} … {ends.strip()}")
    return f"{before}{begin}\n{text}\n{end}{after}"


def _row(kind: Kind, *texts: Bilingual) -> str:
    cells = (f"`{kind.code}`", *(f"{_escaped(words.en)}<br>{_escaped(words.zh)}" for words in texts))
    return f"| {' | '.join(cells)} |\n"


def _escaped(words: str) -> str:
    return words.replace("|", "\\|").replace("<", "&lt;")
