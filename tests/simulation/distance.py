"""What it is to be far away: a call is on its way for a while, and may be lost there, or late, or its answer lost."""

import random
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Protocol, TypeVar


class Far(Protocol):
    """Somebody beyond a bad network. ``faulty`` False is a good day."""

    chance: random.Random
    faulty: bool
    travel: Callable[[], Awaitable[None]]
    """Let a call be on its way."""


Who = TypeVar("Who", bound=Far)
Asked = TypeVar("Asked")
Told = TypeVar("Told")


def far_away(call: Callable[[Who, Asked], Awaitable[Told]]) -> Callable[[Who, Asked], Awaitable[Told]]:
    """A call that is on its way for a while, there and back: others may be first."""

    @wraps(call)
    async def called(who: Who, asked: Asked) -> Told:
        await who.travel()
        try:
            return await call(who, asked)
        finally:
            await who.travel()

    return called


def luck(who: Far) -> str:
    """Of one call: ``lost`` there, ``late`` there, ``unanswered``, or ``well``."""
    drawn = who.chance.random() if who.faulty else 1.0
    return "lost" if drawn < 0.08 else "unanswered" if drawn < 0.24 else "late" if drawn < 0.28 else "well"
