"""What the registry can refuse. Each error has a stable code, an HTTP status, and names the thing."""


class RegistryError(Exception):
    """The registry refused; the message says what to change."""

    code = "registry_refused"
    status = 400


class NotFound(RegistryError):
    """There is no such thing, or the caller may not know of it."""

    code = "not_found"
    status = 404


class NotAllowed(RegistryError):
    """The caller is known, and this is not theirs to do."""

    code = "not_allowed"
    status = 403


class Conflict(RegistryError):
    """What is asked no longer fits what is."""

    code = "conflict"
    status = 409


class ReleaseUnfit(Conflict):
    """The host cannot run the release any more, so nobody is sent to it."""

    code = "release_unfit"


class AppRemoved(Conflict):
    """The mini-app was removed for good: nothing is done in its name any more."""

    code = "app_removed"

    def __init__(self, app_id: str) -> None:
        super().__init__(f"{app_id} was removed; its name is not used again")


class Invalid(RegistryError):
    """A value is outside its grammar or its limits."""

    code = "invalid"
    status = 422
