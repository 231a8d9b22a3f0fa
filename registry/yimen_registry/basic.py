"""HTTP Basic as packaging tools use it: the user is `__token__`, the password is the API token."""

import base64
import binascii

from starlette.requests import Request

USER = "__token__"


def secret_of(request: Request) -> str | None:
    """Return the API token of a request, or None when it shows none."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return password if colon and user == USER else None
