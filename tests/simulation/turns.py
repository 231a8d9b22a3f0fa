"""Steps at one moment: which of their messages to the database goes next is drawn, so that a seed has its own order.

One message is on its way at a time. One that waits for a lock lets the others go on, and comes next when it need not
wait any more. A message is answered, and whoever sent it goes on, before the next is drawn.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from tests.simulation.reading import Reader

STRIDES = 40  # of the event loop: more than anybody needs from an answer to the next message
LOOK_SECONDS = 0.002  # of real time, between two looks whether a message waits for a lock
Sent = TypeVar("Sent")


def _future() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()


@dataclass(eq=False)
class Message:
    """A message: when it may go, when it was answered, and when its sender may know. ``pid`` is of its backend."""

    pid: int | None
    allowed: asyncio.Future[None] = field(default_factory=_future)
    answered: asyncio.Future[None] = field(default_factory=_future)
    told: asyncio.Future[None] = field(default_factory=_future)


class Turns:
    """Who may send, of all that want to."""

    def __init__(self, chance: random.Random, reader: Reader) -> None:
        self._chance, self._reader = chance, reader
        self._wanting: list[Message] = []
        self._waiting: list[Message] = []
        self._going: Message | None = None
        self._over = False
        self.drawn = ""
        """Of how many messages each was drawn, as digits."""

    async def take(self, send: Callable[[], Awaitable[Sent]], pid: int | None) -> Sent:
        """Send when it is this message's turn."""
        if self._over:
            return await send()
        message = Message(pid)
        self._wanting.append(message)
        try:
            await message.allowed
            try:
                return await send()
            finally:
                message.answered.set_result(None)
                await message.told
        except asyncio.CancelledError:
            self._forget(message)
            raise

    @asynccontextmanager
    async def drawing(self) -> AsyncIterator[None]:
        """Draw as long as this block lasts."""
        directing = asyncio.create_task(self._direct())
        try:
            yield
        finally:
            self.end()
            directing.cancel()
            await asyncio.gather(directing, return_exceptions=True)

    def end(self) -> None:
        """Draw no more: who wants to send may."""
        self._over = True
        for message in (*self._wanting, *self._waiting, *([self._going] if self._going else [])):
            _set(message.allowed)
            _set(message.told)

    async def _direct(self) -> None:
        while not self._over:
            for _ in range(STRIDES):
                await asyncio.sleep(0)
            if (message := self._free() or self._draw()) is None:
                await asyncio.sleep(
                    LOOK_SECONDS
                )  # nobody wants to send, or all wait for each other: PostgreSQL ends that
                continue
            self._going = message
            _set(message.allowed)
            if await self._is_answered(message):
                _set(message.told)
            else:
                self._waiting.append(message)

    def _free(self) -> Message | None:
        for message in self._waiting:
            if message.answered.done() or not self._is_locked_out(message):
                self._waiting.remove(message)
                return message
        return None

    def _draw(self) -> Message | None:
        if not self._wanting:
            return None
        self.drawn += str(min(len(self._wanting), 9))
        return self._wanting.pop(self._chance.randrange(len(self._wanting)))

    async def _is_answered(self, message: Message) -> bool:
        """Whether it was answered, and not found to wait for a lock before."""
        while not message.answered.done():
            await asyncio.wait({message.answered}, timeout=LOOK_SECONDS)
            if not message.answered.done() and self._is_locked_out(message):
                return False
        return True

    def _is_locked_out(self, message: Message) -> bool:
        return message.pid is not None and bool(
            self._reader.rows("SELECT 1 WHERE cardinality(pg_blocking_pids(%(pid)s)) > 0", {"pid": message.pid})
        )

    def _forget(self, message: Message) -> None:
        for messages in (self._wanting, self._waiting):
            if message in messages:
                messages.remove(message)
        _set(message.answered)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
