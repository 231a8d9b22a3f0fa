"""What can go wrong between a mini-app and the platform: one tree, each with a stable code and an HTTP status."""

from collections.abc import Mapping
from typing import Any, ClassVar


class YimenError(Exception):
    """Something the platform or the SDK refused or could not do.

    ``code`` is stable and meant for programs; the message is meant for people and names the thing.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Refused(YimenError):
    """The request is understood and will not be done; asking again unchanged will not help."""

    code = "refused"
    status = 409


class InvalidRequest(Refused):
    """The request is malformed; ``faults`` says what to change, field by field."""

    code = "invalid_request"
    status = 422

    def __init__(self, message: str, faults: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.faults = dict(faults or {})


class NotFound(Refused):
    """There is no such thing, or it is not yours to see."""

    code = "not_found"
    status = 404


class SignInRequired(YimenError):
    """A page that needs a resident was asked for without one."""

    code = "sign_in_required"
    status = 401


class ConsentRequired(YimenError):
    """The resident has not granted this scope 权限; the SDK sends them to the host's consent page and back."""

    code = "consent_required"
    status = 403

    def __init__(self, scope: str) -> None:
        super().__init__(f"the resident has not granted {scope}")
        self.scope = scope


class ScopeNotDeclared(YimenError):
    """The manifest or its approval does not hold this scope: a mistake of the author, not of the resident."""

    code = "scope_not_declared"
    status = 403


class TryLater(YimenError):
    """The platform is busy or cannot be reached; nothing was done that a retry with the same key would repeat."""

    code = "try_later"
    status = 503


class Unknown(YimenError):
    """No answer came: it may have been done or not. Ask for the state before trying again."""

    code = "unknown"
    status = 504


def from_problem(status: int, problem: Mapping[str, Any]) -> YimenError:  # Any: JSON of the platform
    """Turn an RFC 9457 problem document (July 2023) into the error it describes."""
    code = str(problem.get("code", ""))
    message = str(problem.get("detail") or problem.get("title") or f"the platform answered {status}")
    if code == ConsentRequired.code:
        return ConsentRequired(str(problem.get("scope", "")))
    if status == 422 or code == InvalidRequest.code:
        faults = problem.get("faults")
        return InvalidRequest(message, {str(k): str(v) for k, v in faults.items()} if isinstance(faults, dict) else {})
    for kind in (NotFound, SignInRequired, ScopeNotDeclared, TryLater, Unknown):
        if code == kind.code:
            return kind(message)
    return Refused(message) if status < 500 else TryLater(message)
