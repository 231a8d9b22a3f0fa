"""The host's HTTP protocol on uvicorn: as uvicorn's own, but the usual request is served without a task.

It keeps one timer a connection, where uvicorn starts and stops one a request.
"""

import asyncio
import time
from typing import Any, cast

from starlette.types import ASGIApp
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from yimen_host.runtime.gateway import express, relay, requests
from yimen_host.runtime.gateway.gateway import Gateway


class Edge(HttpToolsProtocol):
    """One connection of a browser. Give the class to uvicorn as `http`; the application must be a Gateway."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._gateway = config.loaded_app if isinstance(config.loaded_app, Gateway) else None
        self._timer: asyncio.TimerHandle | None = None
        self._resting_since: float | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the timer go with the connection."""
        self._forget_timer()
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

    def handle_websocket_upgrade(self) -> None:
        """Relay it: the connection has another protocol from now on."""
        assert self._gateway is not None, "only a gateway's connections are upgraded"
        self._forget_timer()
        browser = relay.Side()
        browser.connection_made(self.transport)
        self.transport.set_protocol(browser)
        self.connections.discard(self)
        self.connections.add(cast(Any, browser))  # Any: uvicorn only asks its connections to shut down
        task = self.loop.create_task(relay.serve(self._gateway, browser, self.url, self.headers))
        task.add_done_callback(self.tasks.discard)
        task.add_done_callback(lambda _: self.connections.discard(cast(Any, browser)))
        self.tasks.add(task)

    def _should_upgrade_to_ws(self) -> bool:
        """Only mini-apps have WebSockets."""
        if self._gateway is None:
            return False
        host = requests.host_of(self.headers)
        return host is not None and isinstance(self._gateway.hosts.site(host), str)

    def _forget_timer(self) -> None:
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

    # Any: uvicorn's and Starlette's types of an application differ
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self._gateway is None or app is not self._gateway or not express.serve(self._gateway, cycle, self._later):
            super()._start_asgi_task(cycle, app)

    def _later(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:
        super()._start_asgi_task(cycle, cast(Any, app))
