"""A database on another machine, as far as anybody can tell: TCP in front of the tests' own server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.engine import URL, make_url


@asynccontextmanager
async def reached_by_tcp(url: str) -> AsyncIterator[URL]:
    """The address of the same database on loopback TCP."""
    found = make_url(url)
    socket = Path(str(found.query["host"])) / ".s.PGSQL.5432"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(socket)
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield found.set(host="127.0.0.1", port=server.sockets[0].getsockname()[1], query={})


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way until they end."""
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
    writer.close()
