"""What a finding is, and how it says itself in either language. Knows no single finding."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import ClassVar

from yimen_sdk.bilingual import Bilingual


class Verdict(StrEnum):
    """How a finding is to be taken."""

    GOOD = "good"
    """As it should be."""
    WARNING = "warning"
    """It works, with a risk or a limit that the operator should know."""
    BAD = "bad"
    """Something does not work until it is changed."""


@dataclass(frozen=True)
class Said:
    """A finding in one language."""

    of: str
    """What was looked at."""
    told: str
    advice: str
    """What to change; empty when nothing is to be."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. Each kind is a class: its fields are what was found, its words take them in."""

    verdict: ClassVar[Verdict]
    of: ClassVar[Bilingual]
    told: ClassVar[Bilingual]
    advice: ClassVar[Bilingual | None] = None

    def say(self, language: str) -> Said:
        """Fill the words of a language with what was found."""
        values = {one.name: _filled(getattr(self, one.name), language) for one in fields(self)}
        advice = self.advice.in_(language) if self.advice else ""
        return Said(*(words.format(**values) for words in (self.of.in_(language), self.told.in_(language), advice)))


@dataclass(frozen=True)
class Phrase:
    """A part of a finding that differs by language."""

    words: Bilingual
    values: Mapping[str, object] = field(default_factory=dict)

    def in_(self, language: str) -> str:
        """Fill the words of a language."""
        values = {name: _filled(value, language) for name, value in self.values.items()}
        return self.words.in_(language).format(**values)


def _filled(value: object, language: str) -> object:
    return value.in_(language) if isinstance(value, Phrase) else value
