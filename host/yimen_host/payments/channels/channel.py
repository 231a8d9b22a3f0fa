"""What a payment channel is: the questions the core asks it, and the facts it may answer.

A channel changes no state of ours and posts nothing. Where it cannot get an answer it raises ``ChannelSilent``, and the
core treats that as not knowing.
"""

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.money import Money


class ChannelSilent(Exception):
    """No answer came: the channel may have done it or not."""


class NoStatement(ChannelSilent):
    """The channel says that it has no bill of the day: nothing was paid there, or the bill is still to be made."""


@dataclass(frozen=True)
class Capabilities:
    """What a channel can do. ``internal``: its money is in our own ledger, so there is nobody outside to ask.

    ``fee_bp`` is the fee agreed with it, in basis points of a payment, at least ``fee_least_fen`` and at most
    ``fee_most_fen``; with none, what its bills charge is booked and not checked.
    """

    internal: bool = False
    top_up: bool = True
    partial_refund: bool = True
    statement: bool = True
    fee_bp: int | None = None
    fee_least_fen: int = 0
    fee_most_fen: int | None = None


@dataclass(frozen=True)
class Visit:
    """The browser that the resident pays with: a phone can open a channel's app, a desktop shows a code to scan."""

    mobile: bool = False
    address: str = "127.0.0.1"


@dataclass(frozen=True)
class Ask:
    """A payment as a channel needs to know it. ``attempt_id`` is our number at the channel, used once only."""

    attempt_id: str
    resident_id: str
    title: str
    payee: str
    amount: Money
    return_url: str
    notify_url: str
    expires_at: dt.datetime
    visit: Visit = Visit()


@dataclass(frozen=True)
class GoTo:
    """The resident is to go to this page of the channel."""

    url: str
    channel_ref: str


@dataclass(frozen=True)
class ShowCode:
    """The resident is to scan this with the channel's app. ``content`` is what the QR code holds."""

    content: str
    channel_ref: str


@dataclass(frozen=True)
class Ready:
    """Nothing more is needed: the core can draw on the resident's account here."""


@dataclass(frozen=True)
class Paid:
    """The money was taken: so much, under this number of the channel's."""

    amount: Money
    channel_ref: str


@dataclass(frozen=True)
class NotPaid:
    """No money was taken and none will be. ``reason`` is a stable word: declined, closed, unknown, …"""

    reason: str


@dataclass(frozen=True)
class Waiting:
    """The channel knows of it, and the resident has not decided yet."""


@dataclass(frozen=True)
class RefundAsk:
    """A refund as a channel needs to know it. ``refund_id`` is made before the first call, and used for one only.

    ``paid`` is the whole of the payment that ``amount`` is a part of.
    """

    refund_id: str
    attempt_id: str
    paid: Money
    amount: Money
    reason: str


@dataclass(frozen=True)
class Returned:
    """The money went back."""


@dataclass(frozen=True)
class NotReturned:
    """The money did not and will not go back."""

    reason: str


@dataclass(frozen=True)
class Returning:
    """The channel is at it."""


@dataclass(frozen=True)
class PersonNeeded:
    """The channel cannot do it without somebody's help."""

    reason: str


Step = GoTo | ShowCode | Ready | NotPaid
PaymentFact = Paid | NotPaid | Waiting
RefundFact = Returned | NotReturned | Returning | PersonNeeded


@dataclass(frozen=True)
class Notification:
    """A channel's notice whose signature and age were checked.

    ``notice_id`` is the same each time it is sent; ``nonce`` is another each time, so one seen before is a replay.
    """

    notice_id: str
    nonce: str
    attempt_id: str
    fact: PaymentFact


class StatementLine(NamedTuple):
    """One line of a channel's daily bill. Amount and fee are above zero; ``kind`` says which way the money went.

    ``our_ref`` is the attempt's id or the refund's, ``at`` the moment that the channel names.
    """

    channel: str
    channel_ref: str
    our_ref: str
    kind: Literal["payment", "refund"]
    amount: Money
    fee: Money
    at: dt.datetime


@dataclass(frozen=True)
class Reply:
    """What a channel's server reads when it has sent a notice."""

    status: int
    body: str = ""
    media_type: str = "text/plain"


@runtime_checkable
class PaymentChannel(Protocol):
    """A way to pay."""

    @property
    def id(self) -> str:
        """A stable word, part of account names and addresses."""
        ...

    @property
    def title(self) -> Bilingual:
        """What residents read."""
        ...

    @property
    def capabilities(self) -> Capabilities: ...

    async def prepare(self, ask: Ask) -> Step:
        """Make the channel expect this payment. Must move no money. Raises ChannelSilent."""
        ...

    async def query(self, attempt_id: str) -> PaymentFact:
        """Ask what became of a payment. Raises ChannelSilent."""
        ...

    async def close(self, attempt_id: str) -> PaymentFact:
        """Ask the channel to expect the payment no longer; it may turn out to be paid. Raises ChannelSilent."""
        ...

    async def refund(self, ask: RefundAsk) -> RefundFact:
        """Give money back; asked again with the same ``refund_id`` it is one refund. Raises ChannelSilent."""
        ...

    async def query_refund(self, ask: RefundAsk) -> RefundFact:
        """Ask what became of a refund; one never heard of is ``NotReturned("unknown")``. Raises ChannelSilent."""
        ...

    def parse_notification(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Notification:
        """Read a notice after checking its signature and its age. Touches no database. Raises NoticeRefused."""
        ...

    def reply(self, refused: str | None) -> Reply:
        """Answer the sender of a notice in the channel's own form: heard, or refused for a reason."""
        ...

    def statement(self, day: dt.date) -> AsyncIterator[StatementLine]:
        """The channel's bill of one civil day, line by line. Raises ChannelSilent when it is not ready or not whole.

        Raises NoStatement where the channel itself says that there is none.
        """
        ...
