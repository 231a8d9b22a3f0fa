"""How many requests and WebSockets each mini-app had, and how they ended: plain numbers, added in the process."""

import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import Message, Send

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds. A mini-app that wakes answers within tens of milliseconds, and the longest wait is some tens of seconds."""
CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")


class Sockets:
    """One mini-app's WebSockets since this process began. Each that is asked for is opened or refused, never both."""

    __slots__ = ("open", "opened", "refused")

    def __init__(self) -> None:
        self.opened = self.refused = 0
        self.open = 0
        """Of those that were opened: how many there are now."""

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Count one, which is open for as long as the block lasts."""
        self.opened += 1
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1


class Tally:
    """One mini-app's requests since this process began."""

    __slots__ = ("classes", "seconds", "sockets", "times")

    def __init__(self) -> None:
        self.classes = [0] * len(CLASSES)
        self.times = [0] * (len(BOUNDS) + 1)
        """By how long the head of the answer took: up to each bound, and longer than the last."""
        self.seconds = 0.0
        self.sockets = Sockets()

    def count(self, status: int, began: float) -> None:
        """Count an answer whose head is written now."""
        seconds = time.monotonic() - began
        self.classes[min(status // 100, len(CLASSES)) - 1] += 1
        self.times[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Traffic(dict[str, Tally]):
    """Each mini-app's tally, made when it is first asked for."""

    def __missing__(self, app_id: str) -> Tally:
        tally = self[app_id] = Tally()
        return tally


def counted(send: Send, tally: Tally, began: float) -> Send:
    """Return what sends an answer and counts it when its head goes out."""

    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            tally.count(message["status"], began)
        await send(message)

    return noting
