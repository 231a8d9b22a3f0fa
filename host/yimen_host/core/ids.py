"""Identifiers: a prefix that says what the thing is, then 26 characters that sort by time (UUIDv7, RFC 9562)."""

import secrets
import time
from typing import Protocol

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: nothing to misread on the phone
RANDOM_BITS = 80


class Ids(Protocol):
    """Makes identifiers."""

    def new(self, prefix: str) -> str:
        """A fresh identifier such as ``ord_01jdk…``."""
        ...


class RandomIds:
    """Identifiers that nobody can guess and that sort by the millisecond they were made in."""

    def new(self, prefix: str) -> str:
        return f"{prefix}_{_written(time.time_ns() // 1_000_000 << RANDOM_BITS | secrets.randbits(RANDOM_BITS))}"


def new_secret() -> str:
    """256 random bits, safe in a URL or a cookie."""
    return secrets.token_urlsafe(32)


def _written(number: int) -> str:
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
