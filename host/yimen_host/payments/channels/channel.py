"""What a payment channel is: the questions the core asks it, and the facts it may answer.

A channel changes no state of ours and posts nothing. Where it cannot get an answer it raises ``ChannelSilent``, and the
core treats that as not knowing.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.money import Money


class ChannelSilent(Exception):
    """No answer came: the channel may have done it or not."""


@dataclass(frozen=True)
class Capabilities:
    """What a channel can do. ``internal``: its money is in our own ledger, so there is nobody outside to ask."""

    internal: bool = False
    top_up: bool = True
    partial_refund: bool = True
    statement: bool = True


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


@dataclass(frozen=True)
class GoTo:
    """The resident is to go to this page of the channel."""

    url: str
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
    """A refund as a channel needs to know it. ``refund_id`` is made before the first call, and used for one only."""

    refund_id: str
    attempt_id: str
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


PaymentFact = Paid | NotPaid | Waiting
RefundFact = Returned | NotReturned | Returning | PersonNeeded


@dataclass(frozen=True)
class Notification:
    """A channel's notice whose signature and age were checked. ``notice_id`` is the same each time it is sent."""

    notice_id: str
    attempt_id: str
    fact: PaymentFact


@dataclass(frozen=True)
class StatementLine:
    """One line of a channel's daily bill; a refund is below zero."""

    our_ref: str
    channel_ref: str
    amount: Money


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

    async def prepare(self, ask: Ask) -> GoTo | Ready | NotPaid:
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

    async def query_refund(self, refund_id: str) -> RefundFact:
        """Ask what became of a refund. Raises ChannelSilent."""
        ...

    def parse_notification(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Notification:
        """Read a notice after checking its signature and its age. Touches no database. Raises NoticeRefused."""
        ...

    async def statement(self, day: dt.date) -> Sequence[StatementLine]:
        """The channel's bill of one day. Raises ChannelSilent."""
        ...
