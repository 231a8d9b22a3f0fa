"""HTTP connections on uvicorn that cost less: a timer for each connection, and an answer's head and body as one."""

import asyncio
import time
from typing import Any, cast

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

_LONGEST_JOINED = 64 * 1024
"""Bytes: what is longer is not copied to be sent together."""


class Resting(HttpToolsProtocol):
    """As uvicorn's own, which starts and stops a timer for each request: this keeps one a connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._timer: asyncio.TimerHandle | None = None
        self._resting_since: float | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the timer go with the connection."""
        self.forget_timer()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Begin the next request that waits, or rest."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
            return
        self._resting_since = time.monotonic()
        if self._timer is None:
            self._timer = self.loop.call_later(self.timeout_keep_alive, self._close_when_idle)

    def forget_timer(self) -> None:
        """Stop looking whether the connection rests: it has ended, or is another protocol's."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _unset_keepalive_if_required(self) -> None:
        self._resting_since = None

    def _close_when_idle(self) -> None:
        self._timer = None
        if self._resting_since is None:
            return  # the end of the request under way starts it anew
        left = self._resting_since + self.timeout_keep_alive - time.monotonic()
        if left > 0:
            self._timer = self.loop.call_later(left, self._close_when_idle)
        else:
            self.timeout_keep_alive_handler()


class Joined(Resting):
    """Sends the head of an answer with the first piece of its body: one call of the kernel instead of two."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begin, and write through a transport that joins."""
        super().connection_made(transport)
        self._plain = transport
        self.transport = cast(asyncio.Transport, JoiningTransport(transport, self.loop))

    def handle_websocket_upgrade(self) -> None:
        """Hand the plain transport over: messages have one piece."""
        self.transport = self._plain
        super().handle_websocket_upgrade()


class JoiningTransport:
    """A transport whose first write waits for the second, until the end of the event loop's turn at the latest."""

    __slots__ = ("_held", "_loop", "_transport", "is_closing")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: bytes | None = None
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:  # Any: whatever the transport has
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send, together with what waits."""
        held, self._held = self._held, None
        if held is None:
            self._held = data
            self._loop.call_soon(self._flush)
        elif len(data) <= _LONGEST_JOINED:
            self._transport.write(held + data)
        else:
            self._transport.write(held)
            self._transport.write(data)

    def close(self) -> None:
        """Send what waits, and close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        held, self._held = self._held, None
        if held is not None and not self.is_closing():
            self._transport.write(held)
