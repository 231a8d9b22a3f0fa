"""What the rules found, as values that travel: to the terminal, to the registry, to the reviewer's page."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict

from yimen_sdk.saying import Kind, Said

MAX_FINDINGS = 50
"""Findings kept per rule; whoever has fifty runs the check again after mending them."""


class Tier(StrEnum):
    """How good a mini-app is when it passes every rule up to here."""

    BRONZE = "bronze"
    """Safe to run: the registry takes nothing below it."""
    SILVER = "silver"
    """Good to use: for everybody, in both languages."""
    GOLD = "gold"
    """Good to keep: written so that others can work on it."""


class Outcome(StrEnum):
    """How one rule ended."""

    PASSED = "passed"
    """It looked and found nothing."""
    FAILED = "failed"
    """It found something to change."""
    ERROR = "error"
    """It could not finish. That is never a pass: it blocks."""
    SKIPPED = "skipped"
    """It has nothing to look at here, and says why."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Finding(Said):
    """One thing to change, with the place where it stands."""

    path: str
    line: int

    @classmethod
    def of(cls, kind: Kind, path: str, line: int, /, **values: object) -> Self:
        """Make a finding of this kind."""
        return cls(path=path, line=line, **dict(kind.said(**values)))

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class Result(_Value):
    """How one rule ended, and its evidence."""

    rule: str
    tier: Tier
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    note: str = ""
    """Why a rule was skipped, or how it broke: the English of `why`."""
    why: Said | None = None
    """The same with its code; None in what was kept before there were codes."""

    @property
    def blocks(self) -> bool:
        """Whether a release cannot be approved with this."""
        failed_bronze = self.tier is Tier.BRONZE and self.outcome is Outcome.FAILED
        return failed_bronze or self.outcome is Outcome.ERROR


class Report(_Value):
    """All results of one check, in the order of the rules."""

    results: tuple[Result, ...]

    @property
    def blocks(self) -> bool:
        """Whether anything stands in the way of approval. A report without results stands in the way too."""
        return not self.results or any(result.blocks for result in self.results)

    @property
    def broken(self) -> bool:
        """Whether a rule could not finish: the check must be repeated, whatever else it found."""
        return not self.results or any(result.outcome is Outcome.ERROR for result in self.results)

    @property
    def tier(self) -> Tier | None:
        """The highest tier all of whose rules, and all of those below, passed or had nothing to look at."""
        reached: Tier | None = None
        for tier in Tier:
            if any(result.outcome in {Outcome.FAILED, Outcome.ERROR} for result in self.of(tier)):
                break
            reached = tier
        return reached if self.results else None

    def of(self, tier: Tier) -> tuple[Result, ...]:
        """Return the results of one tier."""
        return tuple(result for result in self.results if result.tier is tier)
