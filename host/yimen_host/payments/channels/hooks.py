"""The hook by which an operator's extension offers payment channels. Hooks describe, they do not do."""

from yimen_host.core.extending import ExtensionContext
from yimen_host.payments.channels.channel import PaymentChannel
from yimen_sdk.hooks import hookspec


@hookspec
def yimen_payment_channels(context: ExtensionContext) -> list[PaymentChannel]:  # type: ignore[empty-body]  # a specification
    """Offer payment channels.

    When: once, when a process of the host starts.
    Return: the channels; their ids must be new. Must not connect anywhere.
    On error: this extension is left out with its reason; the other channels work.
    Use in: operators' extensions, which run inside the host and are trusted. Since 0.1.
    """
