"""How the core asks a channel: in time, and a channel that fails is one that said nothing.

Whatever an extension raises, the money may have moved: so it is never taken for a no.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar

from yimen_host.payments.channels.channel import ChannelSilent

CHANNEL_SECONDS = 10.0  # a resident waits for this; past it we say "we are asking" instead
log = logging.getLogger(__name__)
T = TypeVar("T")


async def in_time(answer: Awaitable[T]) -> T:
    """A channel's answer. Raises ChannelSilent when none comes in time, or an error does."""
    try:
        async with asyncio.timeout(CHANNEL_SECONDS):
            return await answer
    except ChannelSilent:
        raise
    except TimeoutError:
        raise ChannelSilent(f"no answer in {CHANNEL_SECONDS:.0f} seconds") from None
    except Exception as error:  # the edge of code that is not ours: see above
        log.exception("a payment channel failed")
        raise ChannelSilent(f"the channel failed: {type(error).__name__}") from error


async def streamed(lines: AsyncIterator[T]) -> AsyncIterator[T]:
    """A channel's long answer, piece by piece. Raises ChannelSilent when the channel fails on the way."""
    try:
        async for line in lines:
            yield line
    except ChannelSilent:
        raise
    except Exception as error:  # as above
        log.exception("a payment channel failed")
        raise ChannelSilent(f"the channel failed: {type(error).__name__}") from error
