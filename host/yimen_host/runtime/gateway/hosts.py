"""Which site a request is for, by the exact value of its Host header. No guessing: anything else is misdirected."""

from dataclasses import dataclass
from enum import Enum


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

    def site(self, host: bytes) -> Site | str:
        """Return the portal, a mini-app's id, or none. Upper case, a trailing dot or another port are none."""
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
