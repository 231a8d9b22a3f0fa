"""How many requests of one mini-app are under way at once, so that a slow one sinks alone."""

import asyncio
from collections import deque

QUEUE_SECONDS = 5.0
"""Longer waiting is worse than an honest refusal."""


class Overloaded(Exception):
    """The bulkhead and its queue are full."""


class Bulkhead:
    """One mini-app's places and queue."""

    def __init__(self, places: int) -> None:
        self.places = places
        self.taken = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Take a place, waiting for one when none is free. Raises Overloaded."""
        if self.taken < self.places:
            self.taken += 1
            return
        if len(self._queue) >= 2 * self.places:
            raise Overloaded
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await turn
        except TimeoutError as error:
            raise Overloaded from error
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()  # the place came together with the cancellation
            raise

    def leave(self) -> None:
        """Give the place to the next in the queue, or free it."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.taken -= 1
