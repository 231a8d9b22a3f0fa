"""The Host port over the platform API: JSON over HTTP, usually on a unix socket that belongs to this mini-app."""

import asyncio
import base64
import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from yimen_sdk.errors import TryLater, Unknown, from_problem
from yimen_sdk.host import Answer, Order, OrderState, Refund, check_key
from yimen_sdk.merchant import Application, Merchant
from yimen_sdk.money import Money
from yimen_sdk.split import Part

CALL_SECONDS = 15.0
MAX_FETCH_SECONDS = 30.0
TRIES = 3  # a POST carries its Idempotency-Key, so trying again cannot do it twice
UNIX = "http+unix://"
KEY = "Idempotency-Key"
_Errors = tuple[type[httpx.TransportError], ...]
_NOT_BEGUN: _Errors = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class RemotePlatform:
    """One connection pool to the platform, from which each request takes its own Host."""

    def __init__(self, url: str) -> None:
        if url.startswith(UNIX):
            # No TLS on a unix socket; making its unused context would cost 20 ms of every cold start.
            transport = httpx.AsyncHTTPTransport(uds=url.removeprefix(UNIX), verify=False)
            self._client = httpx.AsyncClient(transport=transport, base_url="http://platform", timeout=CALL_SECONDS)
        else:
            self._client = httpx.AsyncClient(base_url=url, timeout=CALL_SECONDS)

    def as_seen_by(self, assertion: str | None) -> "RemoteHost":
        """The platform in the context of one resident, or of none (an event, a timer)."""
        return RemoteHost(Calls(self._client, assertion))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class Calls:
    """Sends one call and turns whatever comes back into a value or a typed error."""

    def __init__(self, client: httpx.AsyncClient, assertion: str | None) -> None:
        self._client = client
        self._assertion = {"Yimen-Resident": assertion} if assertion else {}

    async def get(self, path: str) -> Any:  # Any: JSON, read by the caller
        """Ask; trying again is always safe."""
        return await self._send("GET", path, None, {}, CALL_SECONDS)

    async def post(self, path: str, body: Mapping[str, Any], *, key: str | None = None) -> Any:
        """Do; each call has one Idempotency-Key over all its tries."""
        headers = {KEY: key} if key else _fresh_key()
        return await self._send("POST", path, body, headers, CALL_SECONDS)

    async def post_once(self, path: str, body: Mapping[str, Any], *, timeout: float) -> Any:
        """Do what no key can make harmless the second time: once it may have begun, it is not tried again."""
        try:
            return await self._send("POST", path, body, _fresh_key(), timeout, again=_NOT_BEGUN)
        except httpx.TransportError as error:
            raise Unknown(f"the platform broke off: {type(error).__name__}") from error

    async def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        timeout: float,
        again: _Errors = (*_NOT_BEGUN, httpx.NetworkError, httpx.RemoteProtocolError),
    ) -> Any:
        for attempt in range(1, TRIES + 1):
            try:
                response = await self._client.request(
                    method, path, json=body, headers={**self._assertion, **headers}, timeout=timeout
                )
            except again as error:
                if attempt == TRIES:
                    raise TryLater(f"the platform cannot be reached: {error}") from error
            except httpx.TimeoutException as error:
                raise Unknown(f"the platform did not answer in {timeout:.0f} seconds") from error
            else:
                if response.is_success:
                    return response.json() if response.content else None
                if response.status_code != 503 or attempt == TRIES:
                    raise from_problem(response.status_code, _problem(response))
            await asyncio.sleep(0.1 * attempt)
        raise AssertionError("unreachable: the last try returns or raises")


class RemoteHost:
    """The Host port, as one resident's request or one event sees it."""

    def __init__(self, calls: Calls) -> None:
        self.payments = RemotePayments(calls)
        self.notices = RemoteNotices(calls)
        self.network = RemoteNetwork(calls)


class RemotePayments:
    """``host.payments`` over HTTP."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def open_order(
        self,
        title: str,
        amount: Money,
        *,
        reference: str | None = None,
        return_path: str = "/",
        split: Sequence[Part] = (),
    ) -> Order:
        body = {
            "title": title,
            "amount": _money(amount),
            "reference": reference,
            "return_path": return_path,
            **_parts(split),
        }
        return _order(await self._calls.post("/v1/orders", body))

    async def order(self, order_id: str) -> Order:
        return _order(await self._calls.get(f"/v1/orders/{quote(order_id, safe='')}"))

    async def orders(
        self,
        *,
        reference: str | None = None,
        state: OrderState | None = None,
        created_from: dt.datetime | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> list[Order]:
        asked = {
            "reference": reference,
            "state": state,
            "created_from": created_from.isoformat() if created_from else None,
            "after": after,
            "limit": str(limit),
        }
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        return [_order(found) for found in (await self._calls.get(f"/v1/orders?{query}"))["orders"]]

    async def fulfil(self, order_id: str) -> Order:
        return _order(await self._calls.post(f"/v1/orders/{quote(order_id, safe='')}/fulfil", {}))

    async def cancel(self, order_id: str) -> Order:
        return _order(await self._calls.post(f"/v1/orders/{quote(order_id, safe='')}/cancel", {}))

    async def refund(
        self, order_id: str, amount: Money, *, reason: str, key: str, split: Sequence[Part] = ()
    ) -> Refund:
        body = {"amount": _money(amount), "reason": reason, **_parts(split)}
        answer = await self._calls.post(f"/v1/orders/{quote(order_id, safe='')}/refunds", body, key=check_key(key))
        return Refund(
            answer["id"],
            answer["order_id"],
            _amount(answer),
            answer["state"],
            _split(answer),
        )

    async def merchants(self, *, after: str | None = None, limit: int = 50) -> list[Merchant]:
        query = urlencode({"limit": str(limit), **({} if after is None else {"after": after})})
        return [_merchant(found) for found in (await self._calls.get(f"/v1/merchants?{query}"))["merchants"]]

    async def add_merchant(self, code: str, application: Application) -> Merchant:
        return _merchant(await self._calls.post("/v1/merchants", {"code": code, **application.told()}))


class RemoteNotices:
    """``host.notices`` over HTTP."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def send(self, template: str, *, to: str | None = None, **values: str) -> None:
        await self._calls.post("/v1/notices", {"template": template, "to": to, "values": values})


class RemoteNetwork:
    """``host.network`` over HTTP: the platform makes the call."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,  # Any: becomes JSON
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
    ) -> Answer:
        seconds = min(timeout, MAX_FETCH_SECONDS)
        body = {
            "method": method,
            "url": url,
            "json": json,
            "headers": dict(headers or {}),
            "timeout": seconds,
        }
        answer = await self._calls.post_once("/v1/fetch", body, timeout=seconds + 5)
        return Answer(answer["status"], answer["headers"], base64.b64decode(answer["body"]))


def _fresh_key() -> dict[str, str]:
    return {KEY: str(uuid.uuid4())}


def _money(amount: Money) -> dict[str, int | str]:
    return {"fen": amount.fen, "currency": amount.currency}


def _parts(split: Sequence[Part]) -> dict[str, Any]:
    told = [{"merchant": part.merchant, "amount": _money(part.amount)} for part in split]
    return {"split": told} if told else {}


def _order(answer: Mapping[str, Any]) -> Order:
    return Order(
        id=answer["id"],
        title=answer["title"],
        amount=_amount(answer),
        state=answer["state"],
        reference=answer["reference"],
        cashier_url=answer["cashier_url"],
        receipt_number=answer["receipt_number"],
        expires_at=dt.datetime.fromisoformat(answer["expires_at"]),
        split=_split(answer),
    )


def _merchant(answer: Mapping[str, Any]) -> Merchant:
    approved_at = answer["approved_at"]
    return Merchant(
        code=answer["code"],
        state=answer["state"],
        legal_name=answer["legal_name"],
        credit_code=answer["credit_code"],
        bank=answer["bank"],
        account_tail=answer["account_tail"],
        approved_at=dt.datetime.fromisoformat(approved_at) if approved_at else None,
    )


def _amount(answer: Mapping[str, Any]) -> Money:
    return Money(answer["amount"]["fen"], answer["amount"]["currency"])


def _split(answer: Mapping[str, Any]) -> tuple[Part, ...]:
    return tuple(Part(part["merchant"], _amount(part)) for part in answer.get("split", ()))


def _problem(response: httpx.Response) -> Mapping[str, Any]:
    try:
        problem = response.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
