"""The hooks by which an operator's extension offers a register of persons or a way to send text messages."""

from yimen_host.core.extending import ExtensionContext
from yimen_host.identity.accounts import Sender
from yimen_host.identity.realname import RealNameAuthority
from yimen_sdk.hooks import hookspec


@hookspec
def yimen_realname_authorities(context: ExtensionContext) -> list[RealNameAuthority]:  # type: ignore[empty-body]  # a specification
    """Offer registers of persons to verify names and numbers with.

    When: once, when a process of the host starts.
    Return: the authorities; the host uses the first of the first extension that the operator names. Must not connect.
    On error: this extension is left out with its reason.
    Use in: operators' extensions, which run inside the host and are trusted. Since 0.1.
    """


@hookspec
def yimen_senders(context: ExtensionContext) -> list[Sender]:  # type: ignore[empty-body]  # a specification
    """Offer ways to send text messages.

    When: once, when a process of the host starts.
    Return: the senders; the host uses the first of the first extension that the operator names. Must not connect.
    On error: this extension is left out with its reason.
    Use in: operators' extensions, which run inside the host and are trusted. Since 0.1.
    """
