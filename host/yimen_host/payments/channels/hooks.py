"""The hook by which an operator's extension offers payment channels. Hooks describe, they do not do."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from yimen_host.payments.channels.channel import PaymentChannel
from yimen_sdk.hooks import hookspec


@dataclass(frozen=True)
class ChannelContext:
    """What a channel may use of the host: the time, and a secret of its own."""

    now: Callable[[], dt.datetime]
    secret: Callable[[str], str]


@hookspec
def yimen_payment_channels(context: ChannelContext) -> list[PaymentChannel]:  # type: ignore[empty-body]  # a specification
    """Offer payment channels.

    When: once, when the host starts.
    Return: the channels; their ids must be new. Must not connect anywhere.
    On error: this extension is left out with its reason; the other channels work.
    Use in: operators' extensions, which run inside the host and are trusted. Since 0.1.
    """
