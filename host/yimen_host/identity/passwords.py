"""Passwords: what is good enough, and what a wrong try costs. Hashing is Argon2id (RFC 9106)."""

import asyncio
import datetime as dt
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from yimen_host.identity.errors import FieldError

SHORTEST = 8
LONGEST = 128
TRIES = 5  # wrong in a row before a pause
PAUSE = dt.timedelta(minutes=15)
PIN_LENGTH = 6

_hasher = PasswordHasher()
_weak = frozenset(
    {"12345678", "123456789", "1234567890", "88888888", "66666666", "password", "qwertyui", "11111111", "00000000"}
)


def good_password(typed: str) -> str:
    """Accept a sign-in password of 8 to 128 characters that is not among the very common ones. Raises FieldError."""
    if not SHORTEST <= len(typed) <= LONGEST:
        raise FieldError("password", "密码至少8个字符")
    if typed.lower() in _weak or len(set(typed)) < 4:
        raise FieldError("password", "这个密码太常见，请换一个")
    return typed


def good_pin(typed: str) -> str:
    """Accept a payment password 支付密码 of six digits, neither all equal nor a plain run. Raises FieldError."""
    if len(typed) != PIN_LENGTH or not typed.isdecimal() or not typed.isascii():
        raise FieldError("pin", "支付密码是6位数字")
    steps = {int(b) - int(a) for a, b in pairwise(typed)}
    if steps <= {0} or steps <= {1} or steps <= {-1}:
        raise FieldError("pin", "这个支付密码太简单，请换一个")
    return typed


async def hashed(password: str) -> str:
    """The Argon2id hash; it takes tens of milliseconds, so it runs in a thread."""
    return await asyncio.to_thread(_hasher.hash, password)


async def matches(hash_: str, typed: str) -> bool:
    """Whether a typed password fits a hash."""

    def verify() -> bool:
        try:
            return _hasher.verify(hash_, typed)
        except (VerifyMismatchError, InvalidHashError):
            return False

    return await asyncio.to_thread(verify)
