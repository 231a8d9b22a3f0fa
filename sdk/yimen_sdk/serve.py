"""Serve a mini-app on a socket: the runner of every release process, and of a mini-app that runs elsewhere.

It leaves no request behind: it goes to sleep only without a connection, and drains before it ends.
"""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path

import uvicorn
import uvloop
from starlette.types import ASGIApp
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from uvicorn.server import HANDLED_SIGNALS

from yimen_sdk import loading
from yimen_sdk.connection import Joined
from yimen_sdk.tracebacks import FromPackage

KEEP_ALIVE_SECONDS = 75
"""Longer than any client of ours keeps an unused connection, so that it is the client who closes."""
DRAIN_SECONDS = 10.0
"""How long requests under way may still take after the order to end."""
_ALIVE_EVERY_SECONDS = 5
_TURNS_AFTER_CLOSING = 3
"""A connection accepted in the last turn of the event loop is only known in the next."""
_OBJECTS_BETWEEN_COLLECTIONS = 10_000
"""A request makes a few hundred that die with it: looking for cycles among them every few requests is waste."""
_LONGEST_MESSAGE = 1024 * 1024
"""Of a WebSocket; what is longer goes by a form."""


def serve(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve an app on a TCP address until a signal ends it: for a mini-app that runs elsewhere."""
    listener = socket.create_server((host, port), backlog=512)
    _run(Runner(app), listener)


def serve_release(
    module: str,
    *,
    app_id: str,
    listener: int,
    idle_seconds: float,
    on_ready: Callable[[], None],
    on_alive: Callable[[], None],
) -> None:
    """Import a mini-app and serve it on an inherited listening socket until it is idle or told to end.

    `on_ready` is called once the app answers, `on_alive` every few seconds while its event loop turns.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each call to the platform is noise
    app = loading.load_miniapp(module, app_id).asgi()
    if file := sys.modules[module].__file__:
        logging.getLogger("uvicorn.error").addFilter(FromPackage(Path(file).parent))
    runner = Runner(app, idle_seconds=idle_seconds, on_ready=on_ready, on_alive=on_alive)
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 20, 20)
    _run(runner, socket.socket(fileno=listener))


class Runner(uvicorn.Server):
    """Uvicorn's server that ends when idle, tells that it lives, and lets its clients close first."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        idle_seconds: float | None = None,
        on_ready: Callable[[], None] | None = None,
        on_alive: Callable[[], None] | None = None,
    ) -> None:
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http=Joined,
            ws=WSProtocol,
            ws_max_size=_LONGEST_MESSAGE,
            ws_per_message_deflate=False,  # a small message may not become a large one
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        super().__init__(config)
        self._idle_seconds = idle_seconds
        self._on_ready = on_ready
        self._on_alive = on_alive
        self._wake = asyncio.Event()

    async def main_loop(self) -> None:
        """Serve until told to end or idle for long enough."""
        self._set_default_headers()
        if self._on_ready:
            self._on_ready()
        last_used = last_told = time.monotonic()
        seen = -1
        while not self.should_exit:
            now = time.monotonic()
            if self.server_state.connections or self.server_state.tasks or self.server_state.total_requests != seen:
                last_used, seen = now, self.server_state.total_requests
            if self._idle_seconds is not None and now - last_used >= self._idle_seconds:
                return
            if self._on_alive and now - last_told >= _ALIVE_EVERY_SECONDS:
                self._on_alive()
                last_told = now
            self._set_default_headers()
            await self._pause(now - last_used)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nothing more, ask clients to close, wait for them, then end what is left.

        A WebSocket would last for an hour: it is closed at once, and its page connects again, to whatever serves then.
        """
        for server in self.servers:
            server.close()
        for _ in range(_TURNS_AFTER_CLOSING):
            await asyncio.sleep(0)
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        for connection in list(self.server_state.connections):
            if isinstance(connection, WSProtocol):
                connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110  uvicorn has no event
                    await asyncio.sleep(0.02)
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await self.lifespan.shutdown()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on the usual signals at once, not at the next tick."""
        loop = asyncio.get_running_loop()
        for number in HANDLED_SIGNALS:
            loop.add_signal_handler(number, self._end)
        try:
            yield
        finally:
            for number in HANDLED_SIGNALS:
                loop.remove_signal_handler(number)

    def _end(self) -> None:
        self.should_exit = True
        self._wake.set()

    async def _pause(self, idle: float) -> None:
        """Wait a second, or until the idle time is over, or until told to end."""
        seconds = 1.0
        if self._idle_seconds is not None:
            seconds = min(seconds, max(0.01, self._idle_seconds - idle))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    def _set_default_headers(self) -> None:
        """Only a server that browsers reach dates its answers; before a release the gateway does."""
        if self._idle_seconds is not None:
            return
        date = formatdate(time.time(), usegmt=True).encode()
        self.server_state.default_headers = [(b"date", date)]


def _run(runner: Runner, listener: socket.socket) -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    listener.setblocking(False)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(runner.serve(sockets=[listener]))
