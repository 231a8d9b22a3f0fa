"""The life of one coupon 消费券, from the claim to its end. Knows no money; see redemption and expiry."""

from enum import StrEnum

from yimen_host.payments.machine import Machine


class CouponState(StrEnum):
    """Where a coupon stands."""

    CLAIMED = "claimed"
    """Somebody has it and can use it."""
    LOCKED = "locked"
    """It is part of the payment of one order."""
    USED = "used"
    """The payment settled: the merchant has its money."""
    RELEASED = "released"
    """Given back, because its order came to nothing or was refunded whole: as good as claimed."""
    EXPIRED = "expired"
    """Its time is over; the money is in the budget again."""
    VOID = "void"
    """An operator took it back."""


class CouponEvent(StrEnum):
    """What can happen to a coupon."""

    LOCK = "lock"
    """An attempt to pay an order begins with it."""
    USE = "use"
    """That attempt settles."""
    RELEASE = "release"
    """The order is cancelled or expires, or is paid without it."""
    GIVE_BACK = "give_back"
    """The order it was used for is refunded whole."""
    EXPIRE = "expire"
    """Its time for use is over."""
    REVOKE = "revoke"
    """An operator takes it back."""


S, E = CouponState, CouponEvent
COUPON = Machine(
    "coupon",
    S.CLAIMED,
    {
        (S.CLAIMED, E.LOCK): S.LOCKED,
        (S.RELEASED, E.LOCK): S.LOCKED,
        (S.LOCKED, E.USE): S.USED,
        (S.LOCKED, E.RELEASE): S.RELEASED,
        (S.USED, E.GIVE_BACK): S.RELEASED,
        (S.CLAIMED, E.EXPIRE): S.EXPIRED,
        (S.RELEASED, E.EXPIRE): S.EXPIRED,
        (S.CLAIMED, E.REVOKE): S.VOID,
        (S.RELEASED, E.REVOKE): S.VOID,
    },
)

IN_HAND = (S.CLAIMED, S.RELEASED)
"""A coupon that its holder can use."""
OUT = (S.CLAIMED, S.RELEASED, S.LOCKED)
"""A coupon whose money is still committed."""
