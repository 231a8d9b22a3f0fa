"""Answers a monitoring system, on a listener of its own that no resident reaches: one process of a machine, for all."""

import asyncio
import contextlib
import fcntl
import ipaddress
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from yimen_host.runtime.metrics.families import families
from yimen_host.runtime.metrics.neighbours import directory
from yimen_host.runtime.metrics.view import View

TAKE_OVER_SECONDS = 1.0
"""After the process that answered has ended, another does."""
_UNIX = "unix:"
log = logging.getLogger("yimen.metrics")

Look = Callable[[], Awaitable[View]]


class Scraping:
    """A listener for scrapes, held by one process of the machine at a time."""

    def __init__(self, address: str, run_dir: Path, look: Look) -> None:
        """`address` is `host:port` or `unix:/path`."""
        self._address = address
        self._lock_path = directory(run_dir) / "scrape.lock"
        self._look = look
        self._task: asyncio.Task[None] | None = None
        self._server: asyncio.Server | None = None
        self._lock: int | None = None

    async def start(self) -> None:
        """Answer, or wait until the process that does so has ended."""
        if not _is_private(self._address):
            log.warning("whoever reaches %s can read the metrics: let only your monitoring reach it", self._address)
        self._lock_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._task = asyncio.create_task(self._take_over(), name="metrics")

    async def stop(self) -> None:
        """Answer no more, and let another process take over."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._server is not None:
            self._server.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def _take_over(self) -> None:
        while not self._is_mine():  # noqa: ASYNC110  another process's lock has no event
            await asyncio.sleep(TAKE_OVER_SECONDS)
        told = ""
        while self._server is None:
            try:
                self._server = await self._listen()
            except OSError as error:
                if str(error) != told:  # once: it may stay so for long
                    log.error("nobody can ask for metrics on %s: %s", self._address, told := str(error))
                await asyncio.sleep(TAKE_OVER_SECONDS)

    def _is_mine(self) -> bool:
        assert self._lock is not None, "it was started"
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    async def _listen(self) -> asyncio.Server:
        config = Config(application(self._look), http="httptools", lifespan="off", log_config=None)
        config.load()
        loop, state = asyncio.get_running_loop(), ServerState()

        def connection() -> HttpToolsProtocol:
            return HttpToolsProtocol(config=config, server_state=state, app_state={}, _loop=loop)

        if self._address.startswith(_UNIX):
            return await loop.create_unix_server(connection, sock=_socket(Path(self._address.removeprefix(_UNIX))))
        host, _, port = self._address.rpartition(":")
        return await loop.create_server(connection, host.strip("[]"), int(port))


def application(look: Look) -> Starlette:
    """The one page, in the form that is asked for: Prometheus' own text, or OpenMetrics."""

    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Once(families(await look())))
        return Response(encode(registry), headers={"Content-Type": content_type, "Cache-Control": "no-store"})

    return Starlette(routes=[Route("/metrics", metrics)])


class _Once(Collector):
    """Hands out families that were made already: collecting may not wait, and making them did."""

    def __init__(self, made: Iterable[Metric]) -> None:
        self._made = list(made)

    def collect(self) -> Iterable[Metric]:
        return self._made


def _socket(path: Path) -> socket.socket:
    """A unix socket that the host's account and its group may reach."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(0o660)
    return listener


def _is_private(address: str) -> bool:
    if address.startswith(_UNIX):
        return True
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
