"""A state machine as a table ``{(state, event): state}``: at once the code, the picture in the docs, and the test."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True)
class Machine(Generic[S, E]):
    """The moves that a kind of object can make. There is no other way to change its state."""

    name: str
    start: S
    moves: Mapping[tuple[S, E], S]

    def sources(self, event: E) -> tuple[S, ...]:
        """The states in which an event may happen: what a guarding UPDATE names in its WHERE."""
        return tuple(state for state, happening in self.moves if happening is event)

    def target(self, event: E) -> S:
        """Where an event leads. It leads to one state only, whatever the source; a table that differs is a mistake."""
        targets = {state for (_, happening), state in self.moves.items() if happening is event}
        (target,) = targets
        return target

    def ends(self) -> frozenset[S]:
        """The states with no way on."""
        return frozenset(type(self.start)) - {state for state, _ in self.moves}
