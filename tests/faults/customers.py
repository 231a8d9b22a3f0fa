"""Residents who fill their wallets at a running host, as browsers do, and who send a form again that got no answer."""

import asyncio
import contextlib
import re
import time
from dataclasses import dataclass, field

import httpx

PHONE, PASSWORD, PIN = "13800000001", "yimen-demo", "202611"
AMOUNT = "1.00"
ANSWER_SECONDS = 20.0
_KEY = re.compile(r'name="attempt_key" value="([^"]+)"')


@dataclass
class Customers:
    """Several of them at once, and what they were told."""

    origin: str
    paid: dict[str, float] = field(default_factory=dict)
    """Orders whose result page said that they are paid, and when it did."""
    more: asyncio.Event = field(default_factory=asyncio.Event)

    async def shop(self, count: int) -> None:
        """Pay one order after the other, until cancelled."""
        limits = httpx.Limits(max_keepalive_connections=count)
        async with httpx.AsyncClient(
            base_url=self.origin,
            timeout=ANSWER_SECONDS,
            limits=limits,
            headers={"Origin": self.origin, "Accept-Language": "zh"},
        ) as client:
            signed_in = await self._send(client, "/sign-in", phone=PHONE, password=PASSWORD)
            # A browser sends a Secure cookie to localhost; httpx does not.
            client.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in signed_in.cookies.items())
            await asyncio.gather(*(self._one_after_the_other(client) for _ in range(count)))

    async def visit(self, port: int, app_id: str) -> int:
        """Open a mini-app, and tell the status of its answer."""
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS) as client:
            answer = await client.get(f"http://127.0.0.1:{port}/", headers={"Host": f"{app_id}.localhost:{port}"})
        return answer.status_code

    async def _one_after_the_other(self, client: httpx.AsyncClient) -> None:
        while True:
            began = time.monotonic()
            cashier = (await self._send(client, "/wallet/top-up", amount=AMOUNT)).headers["location"]
            page = await self._open(client, cashier)
            if (key := _KEY.search(page.text)) is None:
                continue  # paid or expired meanwhile: the form had been taken before its answer was lost
            step = await self._send(client, cashier, attempt_key=key[1], channel="sandbox-bank", password=PIN)
            place = step.headers.get("location", f"{cashier}/result")
            if place.startswith("/sandbox-bank/"):
                await self._send(client, place, choice="pay")
            result = await self._open(client, f"{cashier}/result")
            if "付款成功" in result.text:
                self.paid[cashier.rpartition("/")[2]] = began
                self.more.set()

    async def _send(self, client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
        return await self._until_answered(client, "POST", path, fields)

    async def _open(self, client: httpx.AsyncClient, path: str) -> httpx.Response:
        return await self._until_answered(client, "GET", path, None)

    async def _until_answered(
        self, client: httpx.AsyncClient, method: str, path: str, fields: dict[str, str] | None
    ) -> httpx.Response:
        """Send a request again until the host has an answer, as people press the button again."""
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = await client.request(method, path, data=fields)
                if answer.status_code < 500:
                    return answer
            await asyncio.sleep(0.05)
