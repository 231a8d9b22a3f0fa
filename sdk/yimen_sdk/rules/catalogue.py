"""Everything that the rules can say, by its code: reads a report aloud in the language of whoever looks at it."""

from collections.abc import Mapping

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.rules.breakage import BREAKAGES
from yimen_sdk.rules.check import RULES
from yimen_sdk.rules.report import Outcome, Result
from yimen_sdk.rules.rule import Rule
from yimen_sdk.saying import Catalogue, Said

CATALOGUE = Catalogue((*(kind for rule in RULES for kind in (*rule.finds, *rule.skips)), *BREAKAGES))
"""Every kind."""
_RULES: Mapping[str, Rule] = {rule.id: rule for rule in RULES}


def tell(said: Said, language: str) -> str:
    """Say a finding or a note in a language; as it was written where its code is not known here (any more)."""
    return CATALOGUE.tell(said, language)


def note_of(result: Result, language: str) -> str:
    """Return why a rule was skipped, or how it broke; empty otherwise."""
    return tell(result.why, language) if result.why else result.note


def title_of(rule_id: str, language: str) -> str:
    """Return what a rule asks for; empty when the rule is not known here (any more)."""
    rule = _RULES.get(rule_id)
    return rule.title.in_(language) if rule else ""


def advice_on(result: Result, language: str) -> tuple[str, ...]:
    """Return what to change, each thing once; nothing where nothing is to be changed."""
    advice = [_advice(result.rule, found) for found in result.findings]
    if result.outcome is Outcome.ERROR and result.why:
        advice = [CATALOGUE.advice_on(result.why)]
    return tuple(dict.fromkeys(words.in_(language) for words in advice if words))


def _advice(rule_id: str, found: Said) -> Bilingual | None:
    rule = _RULES.get(rule_id)
    return CATALOGUE.advice_on(found) or (rule.advice if rule else None)
