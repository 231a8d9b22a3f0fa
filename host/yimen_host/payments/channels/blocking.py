"""Runs a channel's blocking library in a few threads of its own, so that the event loop never waits for a socket."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from yimen_host.payments.channels.channel import ChannelSilent

THREADS = 8  # of one channel: a provider that hangs holds these, and nobody else's
WAITING = 64  # questions that may queue for them; a resident would not wait for the one after
BATCH = 1000  # values of a stream made at once: between two batches the event loop does other things
T = TypeVar("T")


class BlockingCalls:
    """A bounded pool. The library must have a socket time-out of its own: a thread cannot be stopped from outside."""

    def __init__(self, name: str, *, threads: int = THREADS, waiting: int = WAITING) -> None:
        self._name = name
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"channel-{name}")
        self._free = threading.BoundedSemaphore(threads + waiting)

    async def call(self, work: Callable[[], T]) -> T:
        """Do this in a thread and tell what it answers. Raises ChannelSilent when too much is under way."""
        if not self._free.acquire(blocking=False):
            raise ChannelSilent(f"too many questions to {self._name} are under way")
        future = self._pool.submit(work)
        future.add_done_callback(lambda _: self._free.release())
        return await asyncio.wrap_future(future)

    async def stream(self, values: Iterable[T]) -> AsyncIterator[T]:
        """Make values in a thread, a batch at a time: such as the lines of a long file. Raises as ``call``."""
        left = iter(values)
        while batch := await self.call(lambda: list(islice(left, BATCH))):
            for value in batch:
                yield value
