"""Write the table of findings into a page: `python -m yimen_sdk.rules.document PAGE`."""

import sys
from collections.abc import Iterator
from pathlib import Path

from yimen_sdk.rules.breakage import BREAKAGES
from yimen_sdk.rules.check import RULES
from yimen_sdk.rules.rule import Rule
from yimen_sdk.saying import Kind

_BEGIN, _END = "<!-- findings -->\n", "<!-- /findings -->\n"
_HEAD = "| code | says | what to change |\n|---|---|---|\n"


def tables() -> str:
    """Return a table for each rule, and one of what is said when a check does not come to its end."""
    return "\n".join(_sections())


def renewed(page: str) -> str:
    """Return the page with its tables replaced. Raises ValueError when the page has no place for them."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"the page has no {_BEGIN.strip()} … {_END.strip()}")
    return f"{before}{begin}\n{tables()}\n{end}{after}"


def _sections() -> Iterator[str]:
    for rule in RULES:
        title = f"{rule.title.en}. {rule.title.zh}。"
        heading = f"## [{rule.id}](../rules/{rule.id}.md)\n\n*{rule.tier.value.capitalize()}.* {title}\n\n"
        yield heading + _HEAD + "".join(_row(kind, rule) for kind in (*rule.finds, *rule.skips))
    yield "## A check that does not end\n\n" + _HEAD + "".join(_row(kind) for kind in BREAKAGES)


def _row(kind: Kind, rule: Rule | None = None) -> str:
    advice = kind.advice or (rule.advice if rule and kind in rule.finds else None)
    told = (kind.told.en, kind.told.zh)
    mends = (advice.en, advice.zh) if advice else ("Nothing: the rule is skipped.", "不用改：跳过这条规则")
    cells = (f"`{kind.code}`", *("<br>".join(map(_escaped, both)) for both in (told, mends)))
    return "| " + " | ".join(cells) + " |\n"


def _escaped(words: str) -> str:
    return words.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(renewed(target.read_text("utf-8")), "utf-8")
