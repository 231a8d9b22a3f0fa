"""Write the tables of findings into a page: `python -m yimen_sdk.rules.document PAGE`."""

import sys
from collections.abc import Iterator
from pathlib import Path

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.kindtable import advised, placed, table
from yimen_sdk.manifest.kinds import KINDS as MANIFEST_KINDS
from yimen_sdk.rules.breakage import BREAKAGES
from yimen_sdk.rules.check import RULES
from yimen_sdk.rules.nominiapp import KINDS as NO_MINI_APP
from yimen_sdk.rules.rule import Rule

_NOTHING = Bilingual(zh="不用改", en="Nothing.")
_SKIPPED = "Where there is nothing to look at, the rule is skipped:\n\n"


def renewed(page: str) -> str:
    """Return the page with its tables replaced. Raises ValueError when the page has no place for them."""
    broken = f"## A check that does not end\n\n{advised(BREAKAGES, _NOTHING)}"
    manifest = f"## The manifest\n\n{table(MANIFEST_KINDS)}"
    none = f"## No mini-app at all\n\n{table(NO_MINI_APP)}"
    return placed(page, "findings", "\n".join([*map(_section, RULES), broken, manifest, none]))


def _section(rule: Rule) -> str:
    return "\n".join(_parts(rule))


def _parts(rule: Rule) -> Iterator[str]:
    yield f"## [{rule.id}](../rules/{rule.id}.md)\n"
    yield f"*{rule.tier.value.capitalize()}.* {rule.title.en}. {rule.title.zh}。\n"
    yield advised(rule.finds, rule.advice)
    if rule.skips:
        yield _SKIPPED + table(rule.skips)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(renewed(target.read_text("utf-8")), "utf-8")
