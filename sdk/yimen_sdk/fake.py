"""The Host port without a platform: refuses what the platform refuses, and remembers what it was asked.

It passes the same contract tests as the platform itself.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from yimen_sdk.errors import (
    ConsentRequired,
    InvalidRequest,
    NotFound,
    Refused,
    ScopeNotDeclared,
    SignInRequired,
    Unknown,
)
from yimen_sdk.events import OrderEnded, PaymentSettled
from yimen_sdk.fake_payments import NOON, FakePayments
from yimen_sdk.host import Answer, Order, Refund
from yimen_sdk.manifest import Manifest, Side
from yimen_sdk.merchant import Application, Merchant
from yimen_sdk.resident import Resident

SEND = "notices.send"
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"})
NOTICES_A_DAY = 10
LONGEST_VALUE = 80


@dataclass(frozen=True)
class SentNotice:
    """A notice that a mini-app sent; ``to`` is None for the present resident."""

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

    ``merchants`` are the mini-app's, by code; ``approve`` and ``refuse`` are what an admin does about one.

    A call that nothing answers raises Unknown, as a silent service does. With a ``manifest`` (``visit`` finds the
    mini-app's own) it also refuses scopes, services and notices that the manifest does not name.
    """

    resident: Resident | None = None
    orders: dict[str, Order] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    sent: list[SentNotice] = field(default_factory=list)
    calls: list[SentCall] = field(default_factory=list)
    answers: dict[str, Answer | Exception] = field(default_factory=dict)
    manifest: Manifest | None = None
    residents: dict[str, Resident] = field(default_factory=dict)
    merchants: dict[str, Merchant] = field(default_factory=dict)
    _asked: dict[str, tuple[object, ...]] = field(default_factory=dict, repr=False)
    _applied: dict[str, Application] = field(default_factory=dict, repr=False)
    _refunded: dict[str, dict[str, tuple[object, str]]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.resident is not None:
            self.welcome(self.resident)

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

    def welcome(self, resident: Resident) -> None:
        """Make a resident the present one; the mini-app can name them from now on, as everybody who ever came."""
        self.resident = resident
        self.residents[resident.sub] = resident

    def accompanied_by(self, sub: str | None) -> "FakeHost":
        """The same platform in another resident's context, or in nobody's, as an event sees it."""
        return replace(self, resident=self.residents[sub] if sub else None)

    def answer(self, method: str, url: str, value: Any, status: int = 200) -> None:  # Any: becomes JSON
        """Let another service answer a call with JSON."""
        self.answers[f"{method} {url}"] = Answer(status, {}, json.dumps(value).encode())

    def approve(self, code: str) -> None:
        """Let an admin agree to a merchant; one that never applied is made up, for tests of split orders."""
        made_up = Merchant(code, "applied", code, "91350100M000100Y43", "Test bank", "0000", None)
        known = self.merchants.get(code, made_up)
        self.merchants[code] = replace(known, state="approved", approved_at=known.approved_at or NOON)

    def refuse(self, code: str) -> None:
        """Let an admin refuse a merchant that applied."""
        self.merchants[code] = replace(self.merchants[code], state="refused")

    def settle(self, order_id: str) -> PaymentSettled:
        """Pay an order as the resident would at the cashier, and give the event that tells of it."""
        order = self._take_open(order_id, "paid")
        self.orders[order_id] = replace(order, receipt_number=f"R-{order_id}")
        return PaymentSettled(
            id=f"evt_{order_id}",
            time=NOON,
            order_id=order.id,
            reference=order.reference,
            resident=str(self._asked[order_id][0]),
            amount=order.amount,
        )

    def expire(self, order_id: str) -> OrderEnded:
        """Let an order's time run out unpaid, and give the event that tells of it."""
        order = self._take_open(order_id, "expired")
        return OrderEnded(
            id=f"evt_{order_id}",
            time=NOON,
            order_id=order.id,
            reference=order.reference,
            resident=str(self._asked[order_id][0]),
            outcome="expired",
        )

    def need(self, scope: str) -> Resident:
        """Refuse, as the platform does, when the present resident has not granted a scope."""
        self.need_declared(scope)
        if self.resident is None:
            raise SignInRequired("this call needs a resident")
        if not self.resident.may(scope):
            raise ConsentRequired(scope)
        return self.resident

    def need_declared(self, scope: str) -> None:
        """Refuse, as the platform does, when the manifest does not declare a scope."""
        if self.manifest is not None and scope not in self.manifest.scope_names:
            raise ScopeNotDeclared(f"the manifest of {self.manifest.id} does not declare {scope}")

    def _take_open(self, order_id: str, state: str) -> Order:
        order = self.orders[order_id]
        if order.state != "open":
            raise Refused(f"order {order_id} is {order.state}")
        self.orders[order_id] = replace(order, state=state)  # type: ignore[arg-type]  # paid or expired
        return self.orders[order_id]


class FakeNotices:
    """``host.notices`` of the fake."""

    def __init__(self, host: FakeHost) -> None:
        self._host = host

    async def send(self, template: str, *, to: str | None = None, **values: str) -> None:
        resident = self._host.need(SEND) if to is None else self._named(to)
        self._check(template, values)
        today = [notice for notice in self._host.sent if (notice.to or resident.sub) == resident.sub]
        if len(today) >= NOTICES_A_DAY:
            raise Refused(f"{resident.sub} was sent {NOTICES_A_DAY} notices within a day")
        self._host.sent.append(SentNotice(template, to, values))

    def _named(self, sub: str) -> Resident:
        self._host.need_declared(SEND)
        try:
            resident = self._host.residents[sub]
        except KeyError:
            raise NotFound(f"no resident {sub} ever came: FakeHost.welcome() lets one in") from None
        if not resident.may(SEND):
            raise ConsentRequired(SEND)
        return resident

    def _check(self, template: str, values: Mapping[str, str]) -> None:
        faults = {name: f"at most {LONGEST_VALUE} characters" for name, v in values.items() if len(v) > LONGEST_VALUE}
        if self._host.manifest is not None:
            found = self._host.manifest.notice(template)
            if found is None:
                raise NotFound(f"the manifest declares no notice {template!r}")
            faults |= dict.fromkeys(found.places - values.keys(), "missing")
            faults |= dict.fromkeys(values.keys() - found.places, "not in the template")
        if faults:
            raise InvalidRequest(f"the notice {template} cannot be filled", faults)


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
        if method not in METHODS or timeout <= 0:
            raise InvalidRequest(f"the call is malformed: {method} within {timeout} s")
        name = urlsplit(url).hostname or ""
        if self._host.manifest is not None and name not in self._host.manifest.hosts(Side.SERVER):
            raise Refused(f"the manifest of {self._host.manifest.id} does not name {name or url!r}")
        self._host.calls.append(SentCall(method, url, json))
        answer = self._host.answers.get(f"{method} {url}", Unknown(f"{name} gave no answer"))
        if isinstance(answer, Exception):
            raise answer
        return answer
