"""The browser's end of a mini-app's WebSocket, in memory: for a mini-app's own tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message

SECONDS = 5.0
"""How long a test waits for a message before it fails."""


class Closed(Exception):
    """The mini-app closed the socket, or never accepted it."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"closed with {code} {reason}".strip())


class Conversation:
    """What a page would say and hear."""

    def __init__(self) -> None:
        self._said: asyncio.Queue[Message] = asyncio.Queue()
        self._heard: asyncio.Queue[Message] = asyncio.Queue()

    async def send(self, text: str) -> None:
        """Say something."""
        await self._said.put({"type": "websocket.receive", "text": text})

    async def receive(self) -> str:
        """Wait for the next text. Raises Closed when there will be none."""
        message = await self._next()
        text: str = message["text"]
        return text

    async def _next(self) -> Message:
        async with asyncio.timeout(SECONDS):
            message = await self._heard.get()
        if message["type"] == "websocket.close":
            raise Closed(message.get("code", 1000), message.get("reason") or "")
        return message


@asynccontextmanager
async def converse(app: ASGIApp, address: str, headers: dict[str, str]) -> AsyncIterator[Conversation]:
    """Open a WebSocket of an ASGI application. Raises Closed when it is refused."""
    talk, parts = Conversation(), urlsplit(address)
    scope = {
        "type": "websocket", "asgi": {"version": "3.0"}, "scheme": "ws", "path": parts.path,
        "raw_path": parts.path.encode(), "root_path": "", "query_string": parts.query.encode(), "subprotocols": [],
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()], "state": {},
    }  # fmt: skip
    await talk._said.put({"type": "websocket.connect"})
    task = asyncio.create_task(_run(app, scope, talk))
    try:
        await talk._next()  # it is accepted
        yield talk
    finally:
        await talk._said.put({"type": "websocket.disconnect", "code": 1001})
        async with asyncio.timeout(SECONDS):
            await task


async def _run(app: ASGIApp, scope: Message, talk: Conversation) -> None:
    await app(scope, talk._said.get, talk._heard.put)
