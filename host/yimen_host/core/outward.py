"""Addresses outside: where a call of the host's own may go. Knows no purpose and sends nothing.

A name may be bound by the operator to a system of the province's own network (setting ``connections``); any other is
reached over the internet by https on its own port, and never at a private address.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from yimen_host.core.errors import Forbidden, HostError

HTTPS = 443


class AddressRefused(Forbidden):
    """The host does not call this address, whoever asks."""

    code = "address_refused"


class AddressUnknown(HostError):
    """The name leads nowhere at the moment."""

    code = "unknown"
    status = 504


@dataclass(frozen=True)
class Target:
    """Where to connect, and what to say there: ``host`` goes into the Host header and into TLS."""

    url: str
    host: str


def check(url: str, bound: Mapping[str, str]) -> str:
    """The host name in an address that may be called. Raises AddressRefused."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if not host or parts.username is not None or parts.fragment:
        raise AddressRefused(f"{url!r} is not an address such as https://shop.example/hooks")
    if host not in bound and (parts.scheme != "https" or parts.port not in (None, HTTPS)):
        raise AddressRefused(f"{host} is not a connection of this host, so it needs https on port {HTTPS}")
    return host


async def target(url: str, bound: Mapping[str, str]) -> Target:
    """Find where to connect. Raises AddressRefused and AddressUnknown.

    The address that was checked is the address that is called: a second look-up could differ.
    """
    host, parts = check(url, bound), urlsplit(url)
    rest = (parts.path or "/", parts.query, "")
    if (system := bound.get(host)) is not None:
        base = urlsplit(system)
        return Target(urlunsplit((base.scheme, base.netloc, *rest)), host)
    address = await _public_address(host)
    literal = f"[{address}]" if ":" in address else address
    return Target(urlunsplit(("https", literal, *rest)), host)


async def _public_address(host: str) -> str:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, HTTPS, type=socket.SOCK_STREAM)
    except OSError as error:
        raise AddressUnknown(f"{host} cannot be found") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(ipaddress.ip_address(address).is_global for address in addresses):
        raise AddressRefused(f"{host} leads to an address inside a private network")
    return addresses[0]
