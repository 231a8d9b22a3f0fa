"""A server outside that hears webhooks: answers what it is told to, and keeps what it heard."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Receiver:
    """One server; it answers while ``open`` is set."""

    status: int = 204
    location: str = ""
    open: asyncio.Event = field(default_factory=asyncio.Event)
    heard: list[tuple[dict[str, str], str]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = [line.split(": ", 1) for line in head.strip().split("\r\n")[1:]]
        headers = {name.lower(): value for name, value in lines}
        body = (await reader.readexactly(int(headers["content-length"]))).decode()
        self.heard.append((headers, body))
        await self.open.wait()
        said = b"x" * 5000 if self.status >= 400 else b""
        head = f"HTTP/1.1 {self.status} x\r\n{self.location}content-length: {len(said)}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode() + said)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    """A server that answers, and its address."""
    one = Receiver()
    one.open.set()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    async with server:
        yield one, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
