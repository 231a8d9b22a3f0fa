"""What a rule is: one function with a tier, a name, and what to do about its findings."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from yimen_sdk.rules.report import Finding, Tier
from yimen_sdk.rules.subject import Subject

Check = Callable[[Subject], Iterator[Finding]]


class NothingToLookAt(Exception):
    """A rule has nothing to look at in this mini-app; the message says why."""


@dataclass(frozen=True)
class Rule:
    """One rule. Its page is `docs/rules/{id}.md`."""

    id: str
    tier: Tier
    title: str
    advice: str
    check: Check


def bronze(advice: str) -> Callable[[Check], Rule]:
    """Make a rule without which nothing is released."""
    return _rule(Tier.BRONZE, advice)


def silver(advice: str) -> Callable[[Check], Rule]:
    """Make a rule for a mini-app that is good to use."""
    return _rule(Tier.SILVER, advice)


def gold(advice: str) -> Callable[[Check], Rule]:
    """Make a rule for a mini-app that is good to keep."""
    return _rule(Tier.GOLD, advice)


def _rule(tier: Tier, advice: str) -> Callable[[Check], Rule]:
    def make(check: Check) -> Rule:
        title = (check.__doc__ or "").strip().splitlines()[0].removesuffix(".")
        return Rule(check.__name__.replace("_", "-"), tier, title, advice, check)

    return make
