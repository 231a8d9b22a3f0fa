"""The answer of a guard: yes, or no and why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Granted:
    """It may be done."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It may not, because of ``reason``: a stable word that pages and callers translate."""

    reason: str


GRANTED = Granted()
Decision = Granted | Refused
