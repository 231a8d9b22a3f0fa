"""What the gateway asks of the host: which mini-apps there are, who is asking, how an error looks. No database here."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from starlette.responses import PlainTextResponse, Response

BULKHEAD = 64
"""Requests of one mini-app under way at once, when its target does not say."""


class TargetState(StrEnum):
    """Whether a mini-app may be reached."""

    LIVE = "live"
    """It answers."""
    SUSPENDED = "suspended"
    """Switched off for now; its data and its browsers' data stay."""
    QUARANTINED = "quarantined"
    """It died too often."""
    FULL = "full"
    """It keeps more in the database than it may, and is kept out of there."""
    REMOVED = "removed"
    """Gone; browsers forget everything it stored."""


@dataclass(frozen=True)
class ReleaseTarget:
    """One release as the gateway reaches it."""

    socket: Path
    csp: str
    """The whole Content-Security-Policy value, made from this release's approved manifest."""


@dataclass(frozen=True)
class AppTarget:
    """One mini-app as the gateway reaches it."""

    app_id: str
    state: TargetState
    main: ReleaseTarget | None
    """The release that visitors without a session get."""
    service_worker: bool = False
    """Whether the manifest was granted one."""
    bulkhead: int = BULKHEAD
    permissions: str = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), publickey-credentials-get=()"
    """The Permissions-Policy value."""


@dataclass(frozen=True)
class Visitor:
    """Whoever a session belongs to, as one mini-app may know them."""

    session_id: str
    release: ReleaseTarget
    """The one that this session stays on."""
    assertion: str
    """The signed value of `Yimen-Resident`, valid for at most a minute."""


class Directory(Protocol):
    """The mini-apps, in memory."""

    def find(self, app_id: str) -> AppTarget | None:
        """Return the target, or None when there is none of that name."""
        ...


class Sessions(Protocol):
    """The sessions of mini-apps' origins, cached."""

    async def identify(self, app_id: str, cookie: str | None) -> Visitor | None:
        """Return whose session the cookie names, or None. Raises TryLater when nobody can be looked up just now."""
        ...


class Reason(StrEnum):
    """Why the gateway answers instead of the mini-app. Pages are drawn from it."""

    MISDIRECTED = "misdirected"
    """The host name is not one of ours."""
    UNKNOWN_APP = "unknown_app"
    """No mini-app has this name."""
    SUSPENDED = "suspended"
    REMOVED = "removed"
    QUARANTINED = "quarantined"
    FULL = "full"
    """It keeps too much, and goes on when it keeps less."""
    NOT_RUNNING = "not_running"
    """Its socket does not answer."""
    OVERLOADED = "overloaded"
    """It has as many requests as it may have."""
    NOBODY_KNOWN = "nobody_known"
    """Who is visiting cannot be looked up just now."""
    TOO_MANY = "too_many"
    """It gets more requests a second than it may."""
    TOO_SLOW = "too_slow"
    """It did not answer in time."""
    BROKEN_ANSWER = "broken_answer"
    """It answered something that is not HTTP, or broke off."""
    MALFORMED = "malformed"
    """The request is ambiguous; nothing was forwarded."""
    TOO_LARGE = "too_large"
    """The request is over a limit."""
    CROSS_SITE = "cross_site"
    """Another site made the browser send this."""
    SERVICE_WORKER = "service_worker"
    """The mini-app was not granted one."""


Kept = Callable[[str, str], Visitor | None]
"""Returns whose session a mini-app's cookie names when that is known without waiting; None says: ask `identify`."""
ErrorPages = Callable[[int, Reason], Response]
"""Draws the answer for a status and a reason."""
Leave = Callable[[str], Response]
"""Answers a frame that was sent to a page of the portal, which it cannot show itself."""


def plain_pages(status: int, reason: Reason) -> Response:
    """Answer in plain text: the default, and good enough for programs."""
    return PlainTextResponse(f"{status} {reason}\n", status_code=status, headers={"Cache-Control": "no-store"})
