"""Orders 订单: what a resident is asked to pay, by whom, until when. An order is not a payment."""

import datetime as dt
from enum import StrEnum

from yimen_host.payments.machine import Machine

LIFE = dt.timedelta(minutes=30)
"""How long an order waits for payment; a bank's own page is given up well before."""
REFUND_TIME = dt.timedelta(days=365)
"""How long a delivered order can be given money back for; the large channels refuse after a year too."""


class OrderState(StrEnum):
    """Where an order stands."""

    OPEN = "open"
    """Waits to be paid."""
    PAID = "paid"
    """Its money is in the ledger."""
    FULFILLED = "fulfilled"
    """What was paid for has been delivered."""
    CLOSED = "closed"
    """Nothing more can happen to it."""
    CANCELLED = "cancelled"
    """Given up before it was paid."""
    EXPIRED = "expired"
    """Nobody paid in time."""
    PARTIALLY_REFUNDED = "partially_refunded"
    """Part of the money went back."""
    REFUNDED = "refunded"
    """All of the money went back."""


class OrderEvent(StrEnum):
    """What can happen to an order."""

    PAY = "pay"
    """A payment for it settles."""
    FULFIL = "fulfil"
    """The mini-app says that it delivered."""
    CLOSE = "close"
    """The time for refunds is over."""
    CANCEL = "cancel"
    """The mini-app or the resident gives it up."""
    EXPIRE = "expire"
    """Its time is over."""
    REFUND_PART = "refund_part"
    """A refund succeeds and money is left."""
    REFUND_ALL = "refund_all"
    """A refund succeeds and nothing is left."""


S, E = OrderState, OrderEvent
ORDER = Machine(
    "order",
    S.OPEN,
    {
        (S.OPEN, E.PAY): S.PAID,
        (S.OPEN, E.CANCEL): S.CANCELLED,
        (S.OPEN, E.EXPIRE): S.EXPIRED,
        (S.PAID, E.FULFIL): S.FULFILLED,
        (S.PAID, E.REFUND_PART): S.PARTIALLY_REFUNDED,
        (S.PAID, E.REFUND_ALL): S.REFUNDED,
        (S.FULFILLED, E.CLOSE): S.CLOSED,
        (S.FULFILLED, E.REFUND_PART): S.PARTIALLY_REFUNDED,
        (S.FULFILLED, E.REFUND_ALL): S.REFUNDED,
        (S.PARTIALLY_REFUNDED, E.REFUND_PART): S.PARTIALLY_REFUNDED,
        (S.PARTIALLY_REFUNDED, E.REFUND_ALL): S.REFUNDED,
    },
)
