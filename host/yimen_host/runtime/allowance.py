"""How much one mini-app may ask of a host process: calls to other services, and the size of what it sends us."""

import contextlib
import time
from collections.abc import Callable, Iterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yimen_host.core.errors import HostError, TooMany
from yimen_host.runtime.bucket import Bucket, Rate

MINUTE = 60.0
MOST_UNDER_WAY = 16
"""Calls of one mini-app to other services at once; each may take half a minute and a mebibyte."""
MOST_CALLS = 600
"""In a minute, and at once after a rest."""
MOST_BYTES = 64 * 1024 * 1024
"""Of answers in a minute, and at once after a rest."""
LONGEST_CALL = 1024 * 1024
"""Of the body of a call to the platform, in bytes: nothing there is a file."""


class CallTooLong(HostError):
    """The body of a call to the platform is over the limit."""

    code = "too_long"
    status = 413


class _Use:
    """One mini-app's."""

    def __init__(self, now: float) -> None:
        self.calls = Bucket(Rate(MOST_CALLS / MINUTE, MOST_CALLS), now)
        self.bytes = Bucket(Rate(MOST_BYTES / MINUTE, MOST_BYTES), now)
        self.under_way = 0


class Allowance:
    """What is left to each mini-app of its calls to other services."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._uses: dict[str, _Use] = {}

    @contextlib.contextmanager
    def call(self, app_id: str) -> Iterator[Callable[[int], None]]:
        """Make a call within the limits; give what counts the bytes of its answer. Raises TooMany."""
        now = self._clock()
        use = self._uses.setdefault(app_id, _Use(now))
        if use.under_way >= MOST_UNDER_WAY:
            raise TooMany(f"{app_id} has {MOST_UNDER_WAY} calls under way: wait for one to end")
        if use.bytes.left(now) <= 0 or not use.calls.take(now):
            raise TooMany(f"{app_id} may make {MOST_CALLS} calls and read {MOST_BYTES} bytes a minute: wait")
        use.under_way += 1
        try:
            yield lambda count: use.bytes.spend(self._clock(), count)
        finally:
            use.under_way -= 1


class ShortCalls:
    """Middleware: a body over the limit is refused before it is in memory."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > LONGEST_CALL:
                raise CallTooLong(f"a call may have {LONGEST_CALL} bytes")
            return message

        await self._app(scope, counted, send)
