"""Runs every rule over one mini-app. A rule that breaks is an error, and an error is never a pass."""

import itertools
import logging

from yimen_sdk.rules import rights, safety, secrets, service, templates, upkeep, words
from yimen_sdk.rules.breakage import RULE_BROKE
from yimen_sdk.rules.report import MAX_FINDINGS, Outcome, Report, Result, Tier
from yimen_sdk.rules.rule import NothingToLookAt, Rule
from yimen_sdk.rules.subject import Subject
from yimen_sdk.saying import Said

log = logging.getLogger("yimen.rules")

_MODULES = (safety, secrets, rights, templates, words, service, upkeep)
_FOUND = [value for module in _MODULES for value in vars(module).values() if isinstance(value, Rule)]
RULES: tuple[Rule, ...] = tuple(sorted(_FOUND, key=lambda rule: list(Tier).index(rule.tier)))
"""Every rule, bronze first."""


def check(subject: Subject, rules: tuple[Rule, ...] = RULES) -> Report:
    """Run the rules and report all of them."""
    return Report(results=tuple(_run(rule, subject) for rule in rules))


def _run(rule: Rule, subject: Subject) -> Result:
    try:
        findings = tuple(itertools.islice(rule.check(subject), MAX_FINDINGS))
    except NothingToLookAt as nothing:
        return _ended(rule, Outcome.SKIPPED, nothing.why.said())
    except Exception as error:
        log.exception("the rule %s broke", rule.id)
        return _ended(rule, Outcome.ERROR, RULE_BROKE.said(error=f"{type(error).__name__}: {error}"))
    outcome = Outcome.FAILED if findings else Outcome.PASSED
    return Result(rule=rule.id, tier=rule.tier, outcome=outcome, findings=findings)


def _ended(rule: Rule, outcome: Outcome, why: Said) -> Result:
    return Result(rule=rule.id, tier=rule.tier, outcome=outcome, note=why.message, why=why)
