"""The port between a mini-app and the platform. Everything a mini-app may ask for is here, and nothing else.

Implementations: ``remote`` (over HTTP) and ``testing.FakeHost``. Both pass the same contract tests.
"""

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from yimen_sdk.errors import InvalidRequest
from yimen_sdk.merchant import Application, Merchant
from yimen_sdk.money import Money
from yimen_sdk.split import Part

_KEY = re.compile(r"[A-Za-z0-9_.:\-]{1,100}")

OrderState = Literal["open", "paid", "fulfilled", "closed", "cancelled", "expired", "partially_refunded", "refunded"]
RefundState = Literal["requested", "processing", "succeeded", "failed", "needs_action"]


@dataclass(frozen=True)
class Order:
    """An order 订单 as its mini-app sees it. ``cashier_url`` is where the resident pays; ``split`` is who gets what."""

    id: str
    title: str
    amount: Money
    state: OrderState
    reference: str | None
    cashier_url: str
    receipt_number: str | None
    expires_at: dt.datetime
    split: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Refund:
    """A refund 退款 of part or all of a paid order."""

    id: str
    order_id: str
    amount: Money
    state: RefundState
    split: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What another service answered, through the platform's egress: status 100–599, at most 1 MiB of body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # Any: another service's JSON
        """Parse the body. Raises ValueError when it is not JSON."""
        return json.loads(self.body)


def check_key(key: str) -> str:
    """Pass a refund's key on. Raises InvalidRequest when it cannot be one."""
    if not _KEY.fullmatch(key):
        raise InvalidRequest(f"{key!r} cannot be a refund's key", {"key": "1 to 100 of A-Z a-z 0-9 _ . : -"})
    return key


class Payments(Protocol):
    """Scope ``payments.order``."""

    async def open_order(
        self,
        title: str,
        amount: Money,
        *,
        reference: str | None = None,
        return_path: str = "/",
        split: Sequence[Part] = (),
    ) -> Order:
        """Open an order for the present resident.

        ``title`` has 1 to 60 characters, ``amount`` is above zero, ``reference`` is your own number of at most 64
        characters: asking again with the same reference and the same content answers with the same order, with other
        content raises Refused. ``return_path`` is the page of yours that the cashier leads back to.

        ``split`` divides the amount among your merchants that an admin approved, at most 16, to the fen; without it
        all of it is your own merchant's. Raises InvalidRequest.
        """
        ...

    async def order(self, order_id: str) -> Order:
        """Look an order of yours up. Raises NotFound."""
        ...

    async def orders(
        self,
        *,
        reference: str | None = None,
        state: OrderState | None = None,
        created_from: dt.datetime | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> list[Order]:
        """Your orders that match, those opened first first, at most ``limit`` (1 to 200) of them.

        ``created_from`` is aware; ``after`` is the id of the last order of the page before. Raises NotFound when that
        is no order of yours, and InvalidRequest.
        """
        ...

    async def fulfil(self, order_id: str) -> Order:
        """Say that what was paid for has been delivered: paid → fulfilled. Saying it twice is no error."""
        ...

    async def cancel(self, order_id: str) -> Order:
        """Cancel an order that is still open. Raises Refused when it was paid."""
        ...

    async def refund(
        self, order_id: str, amount: Money, *, reason: str, key: str, split: Sequence[Part] = ()
    ) -> Refund:
        """Give back part or all of a paid order, with a ``reason`` of 1 to 100 characters.

        ``key`` is yours, 1 to 100 of ``A-Z a-z 0-9 _ . : -``: the same key is the same refund, with another amount or
        reason it raises InvalidRequest. Raises Refused when the order is not paid or less than this is left of it.

        Of a split order each merchant gives back what ``split`` says, or else in proportion to what it has left, by
        the largest remainder; never more than it got.
        """
        ...

    async def merchants(self, *, after: str | None = None, limit: int = 50) -> list[Merchant]:
        """Your merchants, your own first, then by code, at most ``limit`` (1 to 200) of them.

        ``after`` is the code of the last one of the page before. Raises NotFound when that is no merchant of yours,
        and InvalidRequest.
        """
        ...

    async def add_merchant(self, code: str, application: Application) -> Merchant:
        """Apply for a sub-merchant 二级商户 of yours; an admin reviews it, and orders may name it after that.

        ``code`` is its name within your mini-app, 1 to 30 of ``a-z 0-9 -``, and never changes. The same code with the
        same content is the same merchant. With other content it is a corrected application where the first was
        refused, and raises Refused otherwise: what was approved, or waits, is changed in the console. Raises
        InvalidRequest with every fault at once, and Refused while too many of yours wait for a review.
        """
        ...


class Notices(Protocol):
    """Scope ``notices.send``: only by templates that the manifest declares."""

    async def send(self, template: str, *, to: str | None = None, **values: str) -> None:
        """Put a notice 通知 in a resident's inbox; ``to`` is their ``sub``, by default the present resident.

        Raises NotFound for a template or a ``sub`` that the platform does not know, InvalidRequest unless ``values``
        fill the template's places with at most 80 characters each, Refused after 10 notices to one resident in a day.
        """
        ...


class Network(Protocol):
    """The world outside, through the platform: only hosts that the manifest names and the reviewer approved."""

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,  # Any: becomes JSON
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
    ) -> Answer:
        """Call another service. ``timeout`` is in seconds, at most 30.

        Raises Refused when the host is not approved, Unknown when no answer came: it may have been done or not.
        """
        ...


class Host(Protocol):
    """The platform, as one resident's request or one event sees it."""

    @property
    def payments(self) -> Payments: ...

    @property
    def notices(self) -> Notices: ...

    @property
    def network(self) -> Network: ...
