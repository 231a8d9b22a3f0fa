"""The Host port without a platform: refuses what the platform refuses, and remembers what it was asked.

It passes the same contract tests as the platform itself.
"""

import datetime as dt
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
from yimen_sdk.host import Answer, Order, OrderState, Refund, check_key
from yimen_sdk.manifest import Manifest, Side
from yimen_sdk.money import Money
from yimen_sdk.resident import Resident

PORTAL = "http://portal.test"
SEND = "notices.send"
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"})
NOTICES_A_DAY = 10
LONGEST_VALUE = 80
MOST_FOUND = 200
MAX_TITLE, MAX_REFERENCE, MAX_PATH, MAX_REASON = 60, 64, 500, 100
_NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


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
    _asked: dict[str, tuple[object, ...]] = field(default_factory=dict, repr=False)
    _refunded: dict[tuple[str, str], tuple[Money, str, str]] = field(default_factory=dict, repr=False)

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

    def settle(self, order_id: str) -> PaymentSettled:
        """Pay an order as the resident would at the cashier, and give the event that tells of it."""
        order = self._take_open(order_id, "paid")
        self.orders[order_id] = replace(order, receipt_number=f"R-{order_id}")
        return PaymentSettled(
            id=f"evt_{order_id}",
            time=_NOON,
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
            time=_NOON,
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


class FakePayments:
    """``host.payments`` of the fake."""

    def __init__(self, host: FakeHost) -> None:
        self._host = host

    async def open_order(
        self, title: str, amount: Money, *, reference: str | None = None, return_path: str = "/"
    ) -> Order:
        resident = self._host.need("payments.order")
        _check_order(title, amount, reference, return_path)
        asked = (resident.sub, title.strip(), amount, return_path)
        for known in self._host.orders.values():
            if reference is not None and known.reference == reference:
                if self._host._asked[known.id] != asked:
                    raise Refused(f"reference {reference} belongs to an order with other content")
                return known
        number = f"ord_{len(self._host.orders) + 1}"
        self._host._asked[number] = asked
        self._host.orders[number] = Order(
            id=number,
            title=title.strip(),
            amount=amount,
            state="open",
            reference=reference,
            cashier_url=f"{PORTAL}/cashier/{number}",
            receipt_number=None,
            expires_at=_NOON + dt.timedelta(minutes=30),
        )
        return self._host.orders[number]

    async def order(self, order_id: str) -> Order:
        self._host.need_declared("payments.order")
        try:
            return self._host.orders[order_id]
        except KeyError:
            raise NotFound(f"there is no order {order_id}") from None

    async def orders(
        self,
        *,
        reference: str | None = None,
        state: OrderState | None = None,
        created_from: dt.datetime | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> list[Order]:
        self._host.need_declared("payments.order")
        if not 1 <= limit <= MOST_FOUND or (created_from is not None and created_from.tzinfo is None):
            raise InvalidRequest("limit is 1 to 200, created_from is aware")
        if after is not None:
            await self.order(after)
        ids = list(self._host.orders)  # in the order they were opened, all of them at noon
        later = ids[ids.index(after) + 1 :] if after is not None else ids
        found = [self._host.orders[id_] for id_ in later if created_from is None or created_from <= _NOON]
        matching = [one for one in found if reference in (None, one.reference) and state in (None, one.state)]
        return matching[:limit]

    async def fulfil(self, order_id: str) -> Order:
        order = await self.order(order_id)
        if order.state in ("open", "cancelled", "expired"):
            raise Refused(f"order {order_id} is {order.state}, not paid")
        if order.state == "paid":
            self._host.orders[order_id] = replace(order, state="fulfilled")
        return self._host.orders[order_id]

    async def cancel(self, order_id: str) -> Order:
        order = await self.order(order_id)
        if order.state not in ("open", "cancelled"):
            raise Refused(f"order {order_id} is {order.state}")
        self._host.orders[order_id] = replace(order, state="cancelled")
        return self._host.orders[order_id]

    async def refund(self, order_id: str, amount: Money, *, reason: str, key: str) -> Refund:
        check_key(key)
        order = await self.order(order_id)
        if amount.fen <= 0 or amount.currency != order.amount.currency or not 1 <= len(reason) <= MAX_REASON:
            raise InvalidRequest("a refund is above zero, in the order's currency, with a reason")
        known = self._host._refunded.get((order_id, key))
        if known is not None:
            if known[:2] != (amount, reason):
                raise InvalidRequest(f"the key {key} was used for another refund")
            return self._host.refunds[known[2]]
        given = sum(refund.amount.fen for refund in self._host.refunds.values() if refund.order_id == order_id)
        if order.receipt_number is None or given + amount.fen > order.amount.fen:
            raise Refused(f"order {order_id} has less than {amount} left to give back")
        number = f"rfd_{len(self._host.refunds) + 1}"
        whole = given + amount.fen == order.amount.fen
        self._host.orders[order_id] = replace(order, state="refunded" if whole else "partially_refunded")
        self._host._refunded[order_id, key] = (amount, reason, number)
        self._host.refunds[number] = Refund(number, order_id, amount, "succeeded")
        return self._host.refunds[number]


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


def _check_order(title: str, amount: Money, reference: str | None, return_path: str) -> None:
    faults = {}
    if not 1 <= len(title.strip()) <= MAX_TITLE:
        faults["title"] = f"1 to {MAX_TITLE} characters"
    if amount.fen <= 0 or amount.currency != "CNY":
        faults["amount"] = "above zero, in CNY"
    if reference is not None and not 1 <= len(reference) <= MAX_REFERENCE:
        faults["reference"] = f"1 to {MAX_REFERENCE} characters"
    if not return_path.startswith("/") or return_path.startswith("//") or len(return_path) > MAX_PATH:
        faults["return_path"] = f"a path of yours of at most {MAX_PATH} characters"
    if faults:
        raise InvalidRequest("the order is malformed", faults)
