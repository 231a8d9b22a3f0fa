"""Which site a request is for, by the exact value of its Host header. No guessing: anything else is misdirected."""

from dataclasses import dataclass, field
from enum import Enum

_MOST_KNOWN = 10_000
"""Names that look like a mini-app's are remembered up to this many; then each is read anew."""


class Site(Enum):
    """The sites that are not a mini-app's."""

    PORTAL = "portal"
    NONE = "none"


@dataclass(frozen=True)
class Hosts:
    """The names this host answers to, each with its port when that is not the scheme's own."""

    portal: str
    """Such as `localhost:8080` or `yimen.example`."""
    apps: str
    """What follows the mini-app's label and a dot, such as `localhost:8080` or `yimen-apps.example`."""
    scheme: str = "http"
    _known: dict[bytes, Site | str] = field(default_factory=dict, repr=False, compare=False)

    def site(self, host: bytes) -> Site | str:
        """Return the portal, a mini-app's id, or none. Upper case, a trailing dot or another port are none."""
        known = self._known.get(host)
        if known is None:
            known = self._read(host)
            if len(self._known) < _MOST_KNOWN and known is not Site.NONE:
                self._known[host] = known
        return known

    def _read(self, host: bytes) -> Site | str:
        if host == self.portal.encode():
            return Site.PORTAL
        label, dot, rest = host.partition(b".")
        if dot and rest == self.apps.encode() and _is_label(label):
            return label.decode()
        return Site.NONE

    def origin(self, app_id: str) -> str:
        """Return the origin of a mini-app as browsers write it."""
        return f"{self.scheme}://{app_id}.{self.apps}"

    @property
    def portal_origin(self) -> str:
        """Return the origin of the portal as browsers write it."""
        return f"{self.scheme}://{self.portal}"


def _is_label(label: bytes) -> bool:
    return (
        0 < len(label) <= 63
        and not label.startswith(b"-")
        and not label.endswith(b"-")
        and all(byte in b"abcdefghijklmnopqrstuvwxyz0123456789-" for byte in label)
    )
