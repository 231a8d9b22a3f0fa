"""What it is to be far away: a call is on its way for a while, and may be lost there, or late, or its answer lost."""

import random
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar


class Far(Protocol):
    """Somebody beyond a bad network. ``faulty`` False is a good day."""

    chance: random.Random
    faulty: bool

    @property
    def travel(self) -> Callable[[], Awaitable[None]]:
        """Let a call be on its way."""
        ...


Who = TypeVar("Who", bound=Far)
Asked = ParamSpec("Asked")
Told = TypeVar("Told")


def far_away(
    call: Callable[Concatenate[Who, Asked], Awaitable[Told]],
) -> Callable[Concatenate[Who, Asked], Coroutine[Any, Any, Told]]:
    """A call that is on its way for a while, there and back: others may be first."""

    @wraps(call)
    async def called(who: Who, /, *asked: Asked.args, **named: Asked.kwargs) -> Told:
        await who.travel()
        try:
            return await call(who, *asked, **named)
        finally:
            await who.travel()

    return called


def luck(who: Far) -> str:
    """Of one call: ``lost`` there, ``late`` there, ``unanswered``, or ``well``."""
    drawn = who.chance.random() if who.faulty else 1.0
    return "lost" if drawn < 0.08 else "unanswered" if drawn < 0.24 else "late" if drawn < 0.28 else "well"
