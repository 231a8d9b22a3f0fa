"""Carries a request out, as late as the faults say: before it is done, or after."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from yimen_simulators.channels.faults import Faults

T = TypeVar("T")


async def carried_out(faults: Faults, work: Callable[[], T]) -> T:
    """Do it, and keep silent before or after."""
    await asyncio.sleep(faults.silent_before)
    done = work()
    await asyncio.sleep(faults.silent_after)
    return done
