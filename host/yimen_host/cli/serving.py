"""Serves the host on its address with uvicorn."""

import uvicorn

from yimen_host.app import create_app
from yimen_host.settings import Settings

BACKLOG = 2048
SHUTDOWN_SECONDS = 10


def serve(settings: Settings) -> None:
    """Serve until a signal ends it."""
    uvicorn.run(
        create_app(settings),
        host=settings.bind,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing in front is trusted to say who the client is
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
