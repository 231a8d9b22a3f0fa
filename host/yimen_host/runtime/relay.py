"""Carries mini-apps' connections to a database on another machine: they have no network, only a unix socket.

It knows the database's address and whether TLS is wanted, and nothing of what is said: each mini-app still signs in
with its own role and password. Of several processes on one machine one relays; when it ends, another takes over.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.engine import URL

from yimen_host.core.tasks import stopped
from yimen_host.runtime.turn import Turn

log = logging.getLogger("yimen.runtime")

SOCKET_NAME = ".s.PGSQL.5432"  # what libpq looks for in the directory of an address without a port
CONNECT_SECONDS = 5.0
MOST_CONNECTIONS = 400  # past every mini-app's own limit together on one machine, below the files one process may open
PIECE = 64 * 1024
_SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")  # PostgreSQL 18 manual, 54.7 SSLRequest

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class DatabaseUnreachable(OSError):
    """The database does not answer, or not in the way its address asks for."""


class DatabaseRelay:
    """A unix socket in a directory that leads to the database of an address."""

    def __init__(self, directory: Path, url: URL) -> None:
        self._directory = directory
        self._url = url
        self._server: asyncio.Server | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._turn = Turn(directory / "relay.lock")
        self._open: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen, or wait for the process that does so to end. Does nothing for a database on this machine."""
        if socket_directory_of(self._url) is not None:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        self._directory.chmod(0o711)
        if self._turn.is_ours():
            await self._listen()
        else:
            self._waiting = asyncio.create_task(self._take_over())

    async def stop(self) -> None:
        """End every connection and let another process take over."""
        waiting, self._waiting = self._waiting, None
        await stopped(waiting)
        if self._server is not None:
            self._server.close()
        await stopped(*self._open)
        self._turn.let_go()

    async def _listen(self) -> None:
        path = self._directory / SOCKET_NAME
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, path)
        path.chmod(0o666)  # every mini-app's user; the database asks each for its password

    async def _take_over(self) -> None:
        await self._turn.come()
        await self._listen()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            if len(self._open) <= MOST_CONNECTIONS:
                async with _connected(self._url) as (far_reader, far_writer):
                    await _carry((reader, far_writer), (far_reader, writer))
        except OSError as error:
            log.warning("a mini-app's connection to the database ended: %s", error)
        except asyncio.CancelledError:
            pass  # we are stopping; asyncio's streams would log it as a fault (Python 3.11)
        finally:
            self._open.discard(task)
            writer.close()


def socket_directory_of(url: URL) -> Path | None:
    """The directory of the database's own unix socket on this machine; None when it is reached over the network."""
    host = url.query.get("host")
    return Path(str(host)) if isinstance(host, str) and host.startswith("/") else None


@asynccontextmanager
async def _connected(url: URL) -> AsyncIterator[Stream]:
    """A connection to the database, by TLS as ``sslmode`` says (libpq's meanings; by default where it is offered)."""
    host = str(url.host or url.query.get("host") or "localhost")
    port = int(str(url.port or url.query.get("port") or 5432))
    mode = str(url.query.get("sslmode", "prefer"))
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            if mode not in ("disable", "allow"):
                await _secure(reader, writer, host, mode, url)
    except (TimeoutError, asyncio.IncompleteReadError) as error:
        raise DatabaseUnreachable(f"{host}:{port} does not answer") from error
    try:
        yield reader, writer
    finally:
        writer.close()


async def _secure(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, mode: str, url: URL) -> None:
    writer.write(_SSL_REQUEST)
    offered = await reader.readexactly(1) == b"S"
    if not offered and mode != "prefer":
        raise DatabaseUnreachable(f"{host} offers no TLS, but the address says sslmode={mode}")
    if offered:
        await writer.start_tls(_context(mode, url), server_hostname=host)


def _context(mode: str, url: URL) -> ssl.SSLContext:
    root = url.query.get("sslrootcert")
    context = ssl.create_default_context(cafile=str(root) if root and root != "system" else None)
    context.check_hostname = mode == "verify-full"
    if not mode.startswith("verify"):
        context.verify_mode = ssl.CERT_NONE
    return context


async def _carry(*ways: Stream) -> None:
    """Carry bytes both ways until one side ends."""
    tasks = [asyncio.create_task(_pump(*way)) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await stopped(*tasks)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
