"""Answers a monitoring system, on a listener of its own that no resident reaches: one process of a machine, for all."""

import asyncio
import ipaddress
import logging
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

from yimen_host.core.tasks import stopped
from yimen_host.runtime.metrics.families import families
from yimen_host.runtime.metrics.neighbours import directory
from yimen_host.runtime.metrics.view import View
from yimen_host.runtime.turn import Turn

AGAIN_SECONDS = 1.0
_UNIX = "unix:"
log = logging.getLogger("yimen.metrics")

Look = Callable[[], Awaitable[View]]


class Scraping:
    """A listener for scrapes, held by one process of the machine at a time."""

    def __init__(self, address: str, run_dir: Path, look: Look) -> None:
        """`address` is `host:port` or `unix:/path`."""
        self._address = address
        self._turn = Turn(directory(run_dir) / "scrape.lock")
        self._look = look
        self._task: asyncio.Task[None] | None = None
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Answer, or wait until the process that does so has ended."""
        if not _is_private(self._address):
            log.warning("whoever reaches %s can read the metrics: let only your monitoring reach it", self._address)
        self._task = asyncio.create_task(self._take_over(), name="metrics")

    async def stop(self) -> None:
        """Answer no more, and let another process take over."""
        task, self._task = self._task, None
        await stopped(task)
        if self._server is not None:
            self._server.close()
        self._turn.let_go()

    async def _take_over(self) -> None:
        await self._turn.come()
        told = ""
        while self._server is None:
            try:
                self._server = await self._listen()
            except OSError as error:
                if str(error) != told:  # once: it may stay so for long
                    log.error("nobody can ask for metrics on %s: %s", self._address, told := str(error))
                await asyncio.sleep(AGAIN_SECONDS)

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
