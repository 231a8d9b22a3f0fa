"""What identity refuses, each with the plain words a resident reads (messages of the catalogue)."""

from yimen_host.core.errors import Invalid, Refused, TooMany


class FieldError(Invalid):
    """One field of a form is wrong: ``field`` names it, the message is shown beside it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, {field: message})
        self.field = field


class PhoneTaken(Refused):
    """The phone number already belongs to an account."""

    code = "phone_taken"


class AlreadyVerified(Refused):
    """The account already has a verified name."""

    code = "already_verified"


class CodeLimit(TooMany):
    """Too many codes were asked for."""

    code = "code_limit"
