"""Checks what an extension offers before anything relies on it: the right kind of thing, in the right form."""

import inspect
import re

from yimen_host.identity.accounts import Sender
from yimen_host.identity.realname import RealNameAuthority
from yimen_host.payments.channels.channel import Capabilities, PaymentChannel
from yimen_host.runtime.extensions.finding import Unfit
from yimen_sdk.bilingual import Bilingual

CHANNEL_ID = re.compile(r"[a-z][a-z0-9-]{1,30}")
ASKED = ("prepare", "query", "close", "refund", "query_refund")


def channel(offered: object) -> PaymentChannel:
    """A payment channel. Raises Unfit."""
    if not isinstance(offered, PaymentChannel):
        raise Unfit(f"yimen_payment_channels offers {_name(offered)}, which lacks {_lacks(offered, PaymentChannel)}")
    if not CHANNEL_ID.fullmatch(offered.id):
        raise Unfit(f"a channel's id is 2 to 31 characters of a-z, 0-9 and '-', not {offered.id!r}")
    if not isinstance(offered.title, Bilingual) or not isinstance(offered.capabilities, Capabilities):
        raise Unfit(f"channel {offered.id}: title is a Bilingual, capabilities are Capabilities")
    _must_wait(offered, *ASKED)
    return offered


def authority(offered: object) -> RealNameAuthority:
    """A register of persons. Raises Unfit."""
    if not isinstance(offered, RealNameAuthority):
        lacks = _lacks(offered, RealNameAuthority)
        raise Unfit(f"yimen_realname_authorities offers {_name(offered)}, which lacks {lacks}")
    _must_wait(offered, "check")
    return offered


def sender(offered: object) -> Sender:
    """A way to send text messages. Raises Unfit."""
    if not isinstance(offered, Sender):
        raise Unfit(f"yimen_senders offers {_name(offered)}, which lacks {_lacks(offered, Sender)}")
    _must_wait(offered, "send")
    return offered


def _must_wait(offered: object, *methods: str) -> None:
    for method in methods:
        if not inspect.iscoroutinefunction(getattr(offered, method)):
            raise Unfit(f"{_name(offered)}.{method} must be `async def`")


def _lacks(offered: object, kind: type) -> str:
    wanted = sorted(name for name in (*dir(kind), *kind.__annotations__) if not name.startswith("_"))
    return ", ".join(name for name in dict.fromkeys(wanted) if not hasattr(offered, name))


def _name(offered: object) -> str:
    return type(offered).__name__
