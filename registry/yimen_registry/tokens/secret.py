"""What a token looks like, and its hash. 256 random bits need no salt and no slow hash."""

import hashlib
import secrets

PREFIX = "yimen-"
"""Lets secret scanners recognise a leaked token."""
_BYTES = 32


def new_secret() -> str:
    """Make a token. It is shown once."""
    return PREFIX + secrets.token_urlsafe(_BYTES)


def hash_of(secret: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(secret.encode()).hexdigest()
