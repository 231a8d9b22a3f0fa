"""The port by which money goes to a merchant's account. A bank or a channel implements it; it returns facts."""

from dataclasses import dataclass
from typing import Protocol

from yimen_sdk.money import Money


@dataclass(frozen=True)
class Payout:
    """A payment to a merchant. ``id`` is made before the first call: asked again with it, it is one payment."""

    id: str
    name: str
    bank: str
    account: str
    amount: Money


@dataclass(frozen=True)
class PaidOut:
    """The money has left."""


@dataclass(frozen=True)
class NotPaidOut:
    """It has not and will not. ``reason`` is a stable word; ``unknown``: it never heard of it."""

    reason: str


@dataclass(frozen=True)
class PayingOut:
    """It is at it."""


PayoutFact = PaidOut | NotPaidOut | PayingOut


class Payouts(Protocol):
    """Pays merchants."""

    @property
    def id(self) -> str:
        """A stable word, part of an account's name."""
        ...

    async def send(self, payout: Payout) -> PayoutFact:
        """Pay. Raises ChannelSilent."""
        ...

    async def query(self, payout_id: str) -> PayoutFact:
        """Ask what became of it. Raises ChannelSilent."""
        ...
