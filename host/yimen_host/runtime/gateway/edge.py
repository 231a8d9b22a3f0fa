"""The host's HTTP protocol on uvicorn: the usual request is served without a task."""

from functools import cached_property
from typing import Any, cast

from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from yimen_host.runtime.gateway import express, relay, requests
from yimen_host.runtime.gateway.gateway import Gateway
from yimen_sdk.connection import Resting


class Edge(Resting):
    """One connection of a browser. Give the class to uvicorn as `http`; the application must be a Gateway."""

    @cached_property
    def _gateway(self) -> Gateway | None:
        return self.app if isinstance(self.app, Gateway) else None

    def handle_websocket_upgrade(self) -> None:
        """Relay it: the connection has another protocol from now on."""
        assert self._gateway is not None, "only a gateway's connections are upgraded"
        self.forget_timer()
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

    # Any: uvicorn's and Starlette's types of an application differ
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self._gateway is None or app is not self._gateway or not express.serve(self._gateway, cycle, self._later):
            super()._start_asgi_task(cycle, app)

    def _later(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:
        super()._start_asgi_task(cycle, cast(Any, app))
