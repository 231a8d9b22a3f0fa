"""Serves the host with uvicorn: on its address, or on a listening socket that it was handed."""

import gc
import socket

import uvicorn

from yimen_host.app import create_app
from yimen_host.runtime.gateway.edge import Edge
from yimen_host.settings import Settings

BACKLOG = 2048
SHUTDOWN_SECONDS = 10
GARBAGE = (10_000, 20, 20)
"""A request leaves next to no cycles: Python's own thresholds look for them a hundred times too often."""


def seldom_look_for_cycles() -> None:
    """Set Python's collector for a server whose imports are done."""
    gc.freeze()  # what was imported stays, so there is no use in looking at it again and again
    gc.set_threshold(*GARBAGE)


def serve(settings: Settings, listener: socket.socket | None = None) -> None:
    """Serve until a signal ends it."""
    app = create_app(settings)
    seldom_look_for_cycles()
    config = uvicorn.Config(
        app,
        host=settings.bind,
        port=settings.port,
        loop="uvloop",
        http=Edge,
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing in front is trusted to say who the client is
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listener] if listener else None)
