"""What the platform tells a mini-app about: typed values, carried as CloudEvents 1.0.

Events come at least once and in order per object, so a handler must be able to hear the same one twice.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self, get_type_hints

from yimen_sdk.money import Money


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened. ``id`` is the same each time one event is delivered."""

    type: ClassVar[str]

    id: str
    time: dt.datetime

    @classmethod
    def from_data(cls, id: str, time: dt.datetime, data: Mapping[str, Any]) -> Self:  # Any: JSON
        """Build the event from the ``data`` of its CloudEvent. Members this SDK does not know are left out."""
        hints = get_type_hints(cls)
        known = {f.name for f in fields(cls)} - {"id", "time"}
        values = {name: _read(hints[name], value) for name, value in data.items() if name in known}
        return cls(id=id, time=time, **values)

    def to_data(self) -> dict[str, Any]:  # Any: JSON
        """The ``data`` of the CloudEvent."""
        return {f.name: _write(getattr(self, f.name)) for f in fields(self) if f.name not in {"id", "time"}}


@dataclass(frozen=True, kw_only=True)
class PaymentSettled(Event):
    """An order was paid: the money is in the ledger."""

    type = "yimen.payment.settled"

    order_id: str
    reference: str | None
    resident: str
    amount: Money


@dataclass(frozen=True, kw_only=True)
class OrderEnded(Event):
    """An order ended without payment: ``outcome`` is cancelled or expired."""

    type = "yimen.order.ended"

    order_id: str
    reference: str | None
    resident: str
    outcome: str


@dataclass(frozen=True, kw_only=True)
class RefundEnded(Event):
    """A refund 退款 ended: ``outcome`` is succeeded or failed."""

    type = "yimen.refund.ended"

    refund_id: str
    order_id: str
    reference: str | None
    resident: str
    amount: Money
    outcome: str


@dataclass(frozen=True, kw_only=True)
class ConsentWithdrawn(Event):
    """The resident took scopes back: what was kept because of them must go."""

    type = "yimen.consent.withdrawn"

    resident: str
    scopes: tuple[str, ...]


EVENTS: Mapping[str, type[Event]] = {
    kind.type: kind for kind in (PaymentSettled, OrderEnded, RefundEnded, ConsentWithdrawn)
}


def _read(hint: Any, value: Any) -> Any:
    if hint is Money:
        return Money(value["fen"], value["currency"])
    if isinstance(value, list):
        return tuple(value)
    return value


def _write(value: Any) -> Any:
    if isinstance(value, Money):
        return {"fen": value.fen, "currency": value.currency}
    return list(value) if isinstance(value, tuple) else value
