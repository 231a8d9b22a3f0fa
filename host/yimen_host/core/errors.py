"""What the host refuses or cannot do: one tree, each with a stable code and an HTTP status.

Features define their own below these. They are translated once, at the edge: problem+json (RFC 9457) or a page.
"""

import datetime as dt
from collections.abc import Mapping
from typing import ClassVar


class HostError(Exception):
    """The message is for people and names the thing; ``code`` is for programs and never changes."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, message: str, **extra: object) -> None:
        super().__init__(message)
        self.message = message
        self.extra = extra

    def problem(self) -> dict[str, object]:
        """The problem document."""
        return {"type": "about:blank", "title": self.code, "status": self.status, "code": self.code,
                "detail": self.message, **self.extra}  # fmt: skip


class Refused(HostError):
    """Understood, and not done: the state of things does not allow it."""

    code = "refused"
    status = 409


class Invalid(HostError):
    """The input is wrong; ``faults`` says what to change, field by field, in words for the person who typed it."""

    code = "invalid_request"
    status = 422

    def __init__(self, message: str, faults: Mapping[str, str] | None = None) -> None:
        self.faults = dict(faults or {})
        super().__init__(message, faults=self.faults)


class NotFound(HostError):
    """There is no such thing, or it is not the asker's to see; the two look the same."""

    code = "not_found"
    status = 404


class Forbidden(HostError):
    """The asker is known and may not."""

    code = "forbidden"
    status = 403


class SignInNeeded(HostError):
    """Nobody is signed in."""

    code = "sign_in_required"
    status = 401


class TooMany(HostError):
    """A limit on how often something may be done was reached."""

    code = "too_many"
    status = 429


class TryLater(HostError):
    """Something this needs is busy or away; nothing was done."""

    code = "try_later"
    status = 503


class Later(HostError):
    """What a job was to do has to wait; it is tried again at ``at``."""

    code = "later"

    def __init__(self, at: dt.datetime) -> None:
        self.at = at
        super().__init__(f"again at {at:%Y-%m-%d %H:%M:%S}")
