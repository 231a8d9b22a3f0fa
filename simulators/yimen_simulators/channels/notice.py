"""A provider's notice on its way to the merchant, and the ways in which it can go wrong on the way."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Notice:
    """A POST with a signature, in headers or in the form."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    def altered(self) -> "Notice":
        """The same with one byte of its body changed."""
        at = len(self.body) // 2
        return replace(self, body=self.body[:at] + bytes([self.body[at] ^ 1]) + self.body[at + 1 :])


@dataclass(frozen=True)
class Sending:
    """When, by whose key and about how much a notice is made: to make a stale, a forged or a wrong one."""

    at: dt.datetime
    forged: bool = False
    fen: int | None = None
