"""What a rule is: one function with a tier, a name, what it can find, and what to do about its findings."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.rules.report import Finding, Tier
from yimen_sdk.rules.subject import Subject
from yimen_sdk.saying import Kind

Check = Callable[[Subject], Iterator[Finding]]


class NothingToLookAt(Exception):
    """A rule has nothing to look at in this mini-app; its kind says why."""

    def __init__(self, why: Kind) -> None:
        super().__init__(why.told.en)
        self.why = why


@dataclass(frozen=True)
class Rule:
    """One rule. Its page is `docs/rules/{id}.md`."""

    id: str
    tier: Tier
    title: Bilingual
    advice: Bilingual
    check: Check
    finds: tuple[Kind, ...] = ()
    """Every kind of finding that it yields."""
    skips: tuple[Kind, ...] = ()
    """Why it may have nothing to look at."""


def bronze(
    *, title: str, advice: Bilingual, finds: tuple[Kind, ...], skips: tuple[Kind, ...] = ()
) -> Callable[[Check], Rule]:
    """Make a rule without which nothing is released. Its title in English is the function's docstring."""
    return _rule(Tier.BRONZE, title, advice, finds, skips)


def silver(
    *, title: str, advice: Bilingual, finds: tuple[Kind, ...], skips: tuple[Kind, ...] = ()
) -> Callable[[Check], Rule]:
    """Make a rule for a mini-app that is good to use."""
    return _rule(Tier.SILVER, title, advice, finds, skips)


def gold(
    *, title: str, advice: Bilingual, finds: tuple[Kind, ...], skips: tuple[Kind, ...] = ()
) -> Callable[[Check], Rule]:
    """Make a rule for a mini-app that is good to keep."""
    return _rule(Tier.GOLD, title, advice, finds, skips)


def _rule(
    tier: Tier, title: str, advice: Bilingual, finds: tuple[Kind, ...], skips: tuple[Kind, ...]
) -> Callable[[Check], Rule]:
    def make(check: Check) -> Rule:
        english = (check.__doc__ or "").strip().splitlines()[0].removesuffix(".")
        named = Bilingual(zh=title, en=english)
        return Rule(check.__name__.replace("_", "-"), tier, named, advice, check, finds, skips)

    return make
