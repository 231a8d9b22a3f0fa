"""The port by which coupons ask about a merchant. Whoever knows merchants implements it."""

from typing import Protocol

from yimen_host.payments.coupons.eligibility import Merchant

UNKNOWN = Merchant("")


class Merchants(Protocol):
    """Knows the merchants of orders."""

    def merchant(self, app_id: str) -> Merchant:
        """The merchant behind a mini-app's orders; one nobody knows is of no class and serves everywhere."""
        ...


class NoMerchants:
    """Knows none: where no mini-app is served, as in the demo's setting up."""

    def merchant(self, app_id: str) -> Merchant:
        """Nobody knows."""
        return UNKNOWN
