"""Identifiers: what the thing is, then 26 characters that sort by time and that nobody guesses."""

import datetime as dt
import secrets

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: nothing to misread
_RANDOM_BITS = 80


def new_id(prefix: str, now: dt.datetime) -> str:
    """Make an identifier such as `sub_01jdk…`."""
    number = int(now.timestamp() * 1000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    return f"{prefix}_" + "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
