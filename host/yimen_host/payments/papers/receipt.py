"""What stands on a receipt 收据 and on a red receipt 红字收据, as values. Touches no database."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.money import Money


@dataclass(frozen=True)
class GivenBack:
    """Money of a receipt that went back, under the number of its red receipt."""

    refund_id: str
    number: str
    amount: Money
    reason: str
    at: dt.datetime


@dataclass(frozen=True)
class Receipt:
    """A paid order. ``coupons`` paid ``amount`` less ``paid``; ``refunds`` are those that succeeded so far."""

    number: str
    issued_at: dt.datetime
    order_id: str
    platform: bool
    title: str
    payee: str
    publisher: str
    payer: str
    for_whom: str | None
    amount: Money
    paid: Money
    coupons: Sequence[tuple[str, Money]]
    channel: Bilingual
    reference: str
    paid_at: dt.datetime
    refunds: Sequence[GivenBack]

    @property
    def about(self) -> str:
        """What it is about, for its code."""
        return self.order_id

    @property
    def refunded(self) -> Money:
        """What went back so far."""
        return sum((one.amount for one in self.refunds), Money(0, self.amount.currency))


@dataclass(frozen=True)
class RedReceipt:
    """A refund that succeeded: what it takes back of the receipt it names."""

    number: str
    issued_at: dt.datetime
    original: Receipt
    refund: GivenBack

    @property
    def about(self) -> str:
        """What it is about, for its code."""
        return self.refund.refund_id

    @property
    def amount(self) -> Money:
        """What it says, below zero."""
        return -self.refund.amount


Paper = Receipt | RedReceipt


def discreet(name: str) -> str:
    """A name for those who hold a paper and are nobody we know: its first character."""
    return name if "*" in name else f"{name[:1]}{'*' * (len(name) - 1)}"
