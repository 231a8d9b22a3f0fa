"""The port by which a resident proves, with the payment password 支付密码, that it is they who pay."""

from typing import Protocol

from yimen_host.payments.decision import Decision


class PaymentPassword(Protocol):
    """Knows payment passwords; identity implements it."""

    async def verify(self, resident_id: str, typed: str) -> Decision:
        """Check what was typed, and count a wrong try. Refuses with ``wrong``, ``locked`` or ``not_set``."""
        ...
