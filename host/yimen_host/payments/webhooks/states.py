"""Where endpoints and deliveries stand."""

from enum import StrEnum


class EndpointState(StrEnum):
    """Where an endpoint stands."""

    ACTIVE = "active"
    """It hears what happens."""
    PAUSED = "paused"
    """Its publisher stopped it: what happens is kept for it."""
    GONE = "gone"
    """It answered 410 Gone: nothing is kept for it until its publisher starts it again."""


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    """Not taken yet; it will be tried again."""
    DELIVERED = "delivered"
    """The endpoint answered 2xx."""
    DEAD = "dead"
    """Given up: a dead letter, which its publisher sees and may send again."""
