"""The kit for a mini-app's own tests: a platform that remembers what it was asked, and a visitor.

    async with visit(app, resident=Resident("r1", scopes={"identity.name"}, claims={"name": "王秀英"})) as visitor:
        page = await visitor.get("/")
        assert visitor.host.orders == {}

``FakeHost`` passes the same contract tests as the platform itself.
"""

import base64
import datetime as dt
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

from yimen_sdk.errors import ConsentRequired, InvalidRequest, NotFound, Refused, SignInRequired, Unknown
from yimen_sdk.events import Event, PaymentSettled
from yimen_sdk.host import Answer, Order, Refund
from yimen_sdk.identity import Verifier
from yimen_sdk.miniapp import MiniApp
from yimen_sdk.money import Money
from yimen_sdk.resident import Resident
from yimen_sdk.surroundings import Surroundings

PORTAL = "http://portal.test"
_NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
_REGISTRY = JWSRegistry(algorithms=["Ed25519"])


@dataclass(frozen=True)
class SentNotice:
    """A notice that a mini-app sent."""

    template: str
    to: str | None
    values: Mapping[str, str]


@dataclass(frozen=True)
class SentCall:
    """A call that a mini-app made to another service."""

    method: str
    url: str
    json: Any = None  # Any: the mini-app's JSON


@dataclass
class FakeHost:
    """The Host port without a platform. ``answers`` maps ``"GET https://host/path"`` to what the service says.

    A call that nothing answers raises Unknown, as a silent service does.
    """

    resident: Resident | None = None
    orders: dict[str, Order] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    sent: list[SentNotice] = field(default_factory=list)
    calls: list[SentCall] = field(default_factory=list)
    answers: dict[str, Answer | Exception] = field(default_factory=dict)

    @property
    def payments(self) -> "FakePayments":
        """The port to payments."""
        return FakePayments(self)

    @property
    def notices(self) -> "FakeNotices":
        """The port to notices."""
        return FakeNotices(self)

    @property
    def network(self) -> "FakeNetwork":
        """The port to other services."""
        return FakeNetwork(self)

    def answer(self, method: str, url: str, value: Any, status: int = 200) -> None:  # Any: becomes JSON
        """Let another service answer a call with JSON."""
        self.answers[f"{method} {url}"] = Answer(status, {}, json.dumps(value).encode())

    def settle(self, order_id: str) -> PaymentSettled:
        """Pay an order as the resident would at the cashier, and give the event that tells of it."""
        order = replace(self.orders[order_id], state="paid", receipt_number="R-1")
        self.orders[order_id] = order
        return PaymentSettled(
            id=f"evt_{order_id}",
            time=_NOON,
            order_id=order.id,
            reference=order.reference,
            resident=self.resident.sub if self.resident else "",
            amount=order.amount,
        )

    def need(self, scope: str) -> None:
        """Refuse, as the platform does, when the present resident has not granted a scope."""
        if self.resident is None:
            raise SignInRequired("this call needs a resident")
        if not self.resident.may(scope):
            raise ConsentRequired(scope)


class FakePayments:
    """``host.payments`` of the fake."""

    def __init__(self, host: FakeHost) -> None:
        self._host = host

    async def open_order(
        self, title: str, amount: Money, *, reference: str | None = None, return_path: str = "/"
    ) -> Order:
        self._host.need("payments.order")
        faults = {}
        if not 1 <= len(title) <= 60:
            faults["title"] = "1 to 60 characters"
        if amount.fen <= 0:
            faults["amount"] = "above zero"
        if faults:
            raise InvalidRequest("the order is malformed", faults)
        for known in self._host.orders.values():
            if reference is not None and known.reference == reference:
                if (known.title, known.amount) != (title, amount):
                    raise Refused(f"another order already has the reference {reference}")
                return known
        number = f"ord_{len(self._host.orders) + 1}"
        order = Order(
            id=number,
            title=title,
            amount=amount,
            state="open",
            reference=reference,
            cashier_url=f"{PORTAL}/cashier/{number}",
            receipt_number=None,
            expires_at=_NOON + dt.timedelta(minutes=30),
        )
        self._host.orders[number] = order
        return order

    async def order(self, order_id: str) -> Order:
        try:
            return self._host.orders[order_id]
        except KeyError:
            raise NotFound(f"there is no order {order_id}") from None

    async def fulfil(self, order_id: str) -> Order:
        order = await self.order(order_id)
        if order.state not in ("paid", "fulfilled"):
            raise Refused(f"order {order_id} is {order.state}")
        self._host.orders[order_id] = replace(order, state="fulfilled")
        return self._host.orders[order_id]

    async def cancel(self, order_id: str) -> Order:
        order = await self.order(order_id)
        if order.state not in ("open", "cancelled"):
            raise Refused(f"order {order_id} is {order.state}")
        self._host.orders[order_id] = replace(order, state="cancelled")
        return self._host.orders[order_id]

    async def refund(self, order_id: str, amount: Money, *, reason: str, key: str) -> Refund:
        order = await self.order(order_id)
        if key in self._host.refunds:
            return self._host.refunds[key]
        given = sum(refund.amount.fen for refund in self._host.refunds.values() if refund.order_id == order_id)
        if order.state not in ("paid", "fulfilled", "partially_refunded") or given + amount.fen > order.amount.fen:
            raise Refused(f"order {order_id} cannot give back {amount}")
        whole = given + amount.fen == order.amount.fen
        self._host.orders[order_id] = replace(order, state="refunded" if whole else "partially_refunded")
        self._host.refunds[key] = Refund(f"rfd_{len(self._host.refunds) + 1}", order_id, amount, "succeeded")
        return self._host.refunds[key]


class FakeNotices:
    """``host.notices`` of the fake."""

    def __init__(self, host: FakeHost) -> None:
        self._host = host

    async def send(self, template: str, *, to: str | None = None, **values: str) -> None:
        if to is None:
            self._host.need("notices.send")
        self._host.sent.append(SentNotice(template, to, values))


class FakeNetwork:
    """``host.network`` of the fake."""

    def __init__(self, host: FakeHost) -> None:
        self._host = host

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,  # Any: becomes JSON
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
    ) -> Answer:
        self._host.calls.append(SentCall(method, url, json))
        answer = self._host.answers.get(f"{method} {url}", Unknown(f"{urlsplit(url).hostname} gave no answer"))
        if isinstance(answer, Exception):
            raise answer
        return answer


class Visitor(httpx.AsyncClient):
    """A browser at the mini-app's origin, signed in as ``resident``; redirects are not followed."""

    def __init__(self, app: MiniApp, resident: Resident | None, host: FakeHost, app_id: str) -> None:
        self.host = host
        self._key = _Key()
        surroundings = Surroundings(
            app_id=app_id,
            version="0.0.0",
            public_url="http://app.test",
            portal_url=PORTAL,
            verifier=Verifier(self._key.public, app_id),
            connect=lambda assertion: host,
        )
        headers = {"Accept": "text/html"}
        if resident is not None:
            headers["Yimen-Resident"] = self._key.assertion(resident, app_id)
        transport = httpx.ASGITransport(app.asgi(surroundings))
        super().__init__(transport=transport, base_url="http://app.test", headers=headers)

    async def deliver(self, event: Event) -> httpx.Response:
        """Hand an event over, signed as the platform signs it."""
        envelope = {"id": event.id, "type": event.type, "time": event.time.isoformat(), "data": event.to_data()}
        body = json.dumps({"specversion": "1.0", "source": "/yimen", **envelope}).encode()
        return await self.post("/.yimen/events", content=body, headers=self._key.signature(event.id, body))


@asynccontextmanager
async def visit(
    app: MiniApp, *, resident: Resident | None = None, host: FakeHost | None = None, app_id: str = "app"
) -> AsyncIterator[Visitor]:
    """Visit a mini-app as a resident, or as nobody."""
    host = host or FakeHost()
    host.resident = resident
    async with Visitor(app, resident, host, app_id) as visitor:
        yield visitor


class _Key:
    """A signing key that stands in for the platform's."""

    def __init__(self) -> None:
        self._private = Ed25519PrivateKey.generate()
        raw = {"kty": "OKP", "crv": "Ed25519", "kid": "test", "x": _b64(self._private.public_key().public_bytes_raw())}
        self._jwk = OKPKey.import_key({**raw, "d": _b64(self._private.private_bytes_raw())})
        self.public = {"keys": [raw]}

    def assertion(self, resident: Resident, audience: str) -> str:
        claims = {
            "iss": PORTAL,
            "aud": audience,
            "sub": resident.sub,
            "exp": int(time.time()) + 60,
            "assurance": resident.assurance,
            "scope": " ".join(sorted(resident.scopes)),
            "claims": dict(resident.claims),
            "locale": resident.locale,
            "ui": resident.ui,
        }
        return jwt.encode({"alg": "Ed25519", "kid": "test"}, claims, self._jwk, registry=_REGISTRY)

    def signature(self, event_id: str, body: bytes) -> dict[str, str]:
        sent = str(int(time.time()))
        signed = base64.b64encode(self._private.sign(f"{event_id}.{sent}.".encode() + body)).decode()
        return {"webhook-id": event_id, "webhook-timestamp": sent, "webhook-signature": f"v1a,{signed}"}


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
