"""The fake and the real platform, with the few things that only a resident or another service can do to them."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from tests.host.payments.merchants.forms import TERMS, approved
from tests.host.village import MANIFEST, PIN, Village

from yimen_host.payments.demo import grant_demo_balance
from yimen_host.payments.merchants.register import mark
from yimen_host.payments.models import AttemptRow
from yimen_sdk import Host, Order, Resident, yuan
from yimen_sdk.manifest import parse_manifest
from yimen_sdk.remote import RemotePlatform
from yimen_sdk.testing import FakeHost

# What the supplier says, by request; to anything else it says nothing.
ANSWERS: dict[str, tuple[int, Any]] = {
    "GET /leaves?kind=green": (200, {"leaves": 3}),
    "POST /orders": (201, {"taken": True}),
    "GET /nothing": (404, {"error": "none"}),
}


class Platform(Protocol):
    """A platform that serves the tea house, where every resident has 100 yuan."""

    async def resident(self, name: str, *granted: str) -> tuple[str, Host]:
        """A resident who granted these scopes: their pairwise name, and the platform in their context."""
        ...

    def nobody(self) -> Host:
        """The platform as an event sees it."""
        ...

    async def pay(self, order: Order) -> None:
        """The resident pays at the cashier."""
        ...

    async def merchant(self, code: str) -> None:
        """A sub-merchant of the tea house that an admin approved."""
        ...

    async def review(self, code: str, *, agree: bool) -> None:
        """An admin decides about a sub-merchant that applied."""
        ...

    async def inbox(self, sub: str) -> list[str]:
        """The texts in a resident's inbox, the oldest first."""
        ...


class Faked:
    """``FakeHost``."""

    def __init__(self) -> None:
        self._host = FakeHost(manifest=parse_manifest(MANIFEST))
        for request, (status, value) in ANSWERS.items():
            method, _, path = request.partition(" ")
            self._host.answer(method, f"https://supplier.test{path}", value, status)

    async def resident(self, name: str, *granted: str) -> tuple[str, Host]:
        self._host.welcome(Resident(name, scopes=frozenset(granted)))
        return name, self._host.accompanied_by(name)

    def nobody(self) -> Host:
        return self._host.accompanied_by(None)

    async def pay(self, order: Order) -> None:
        self._host.settle(order.id)

    async def merchant(self, code: str) -> None:
        self._host.approve(code)

    async def review(self, code: str, *, agree: bool) -> None:
        if agree:
            self._host.approve(code)
        else:
            self._host.refuse(code)

    async def inbox(self, sub: str) -> list[str]:
        template = parse_manifest(MANIFEST).notice
        found = [(template(notice.template), notice) for notice in self._host.sent if notice.to == sub]
        return [made.text.zh.format(**notice.values) for made, notice in found if made]


class Real:
    """``RemotePlatform`` over a running platform API."""

    def __init__(self, village: Village) -> None:
        self._village = village
        self._remote = RemotePlatform(f"http+unix://{village.platform_socket()}")
        self._residents: dict[str, str] = {}

    async def resident(self, name: str, *granted: str) -> tuple[str, Host]:
        number = len(self._residents) + 1
        resident_id = await self._village.settle(f"1380000000{number}", person=100 + number)
        await grant_demo_balance(self._village.node.payments, resident_id, yuan("100.00"))
        await self._village.grant(resident_id, *granted)
        assertion = (await self._village.visitor(resident_id)).assertion
        claims = json.loads(base64.urlsafe_b64decode(assertion.split(".")[1] + "=="))
        self._residents[claims["sub"]] = resident_id
        return claims["sub"], self._remote.as_seen_by(assertion)

    def nobody(self) -> Host:
        return self._remote.as_seen_by(None)

    async def pay(self, order: Order) -> None:
        payments = self._village.node.payments
        async with self._village.services.database.transaction() as session:
            row = await payments.orders.of_app(session, order.id, "tea")
        paid = await payments.till.pay(row, channel="wallet", form_key=f"form-{order.id}", password=PIN)
        assert isinstance(paid, AttemptRow)

    async def merchant(self, code: str) -> None:
        await approved(self._village.node.payments, "tea", code)

    async def review(self, code: str, *, agree: bool) -> None:
        register = self._village.node.payments.merchants
        row = await register.find(f"tea_{code}")
        assert row is not None
        if agree:
            await register.approve(row.id, TERMS, by="admin", publishers=(), seen=mark(row))
        else:
            await register.refuse(row.id, by="admin", publishers=(), seen=mark(row))

    async def inbox(self, sub: str) -> list[str]:
        return [row.text_zh for row in await self._village.node.inbox.page(self._residents[sub], None)][::-1]

    async def close(self) -> None:
        """Close the connections."""
        await self._remote.close()


@asynccontextmanager
async def supplier() -> AsyncIterator[str]:
    """Another service on loopback that answers as ``ANSWERS`` says; its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status, value = ANSWERS.get(" ".join(head.split(" ")[:2]), (0, None))
        if status:
            body = json.dumps(value).encode()
            writer.write(f"HTTP/1.1 {status} x\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()
        else:
            await reader.read()  # say nothing until the other side gives up
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
