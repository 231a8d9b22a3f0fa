"""What may be asked of the ledger: drafts, written by the caller and not yet judged. Knows their form, not balances."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from yimen_sdk.money import Money

MAX_LEGS = 32  # the widest posting known is a coupon order split over funding, fees and sub-merchants
# Needs no quoting in an array literal, where a bare NULL would be none at all: the store relies on it.
_KEY = re.compile(r"(?![Nn][Uu][Ll][Ll]\Z)[A-Za-z0-9_.:\-]{1,120}")
_ACCOUNT = re.compile(r"[a-z]+(:[A-Za-z0-9_\-]{1,80}){1,3}")


class MalformedDraft(ValueError):
    """The draft could never be posted, whatever the balances are: a mistake in the caller's code."""


class Kind(StrEnum):
    """What a transaction of the journal does."""

    POST = "post"
    """Moves money."""
    HOLD = "hold"
    """Sets money aside for a later posting of the same legs."""
    POST_HOLD = "post_hold"
    """Ends a hold by moving its money."""
    VOID_HOLD = "void_hold"
    """Ends a hold by letting its money go."""
    EXPIRE_HOLD = "expire_hold"
    """Ends a hold whose time is over."""
    REVERSE = "reverse"
    """Moves the money of an earlier posting back."""


ENDS_A_HOLD = frozenset({Kind.POST_HOLD, Kind.VOID_HOLD, Kind.EXPIRE_HOLD})
REVERSIBLE = frozenset({Kind.POST, Kind.POST_HOLD})
RESOLVES = ENDS_A_HOLD | {Kind.REVERSE}


class Leg(NamedTuple):
    """One line of a draft: a credit of an account is above zero, a debit below."""

    account: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Draft:
    """One transaction to be. ``key`` makes it happen at most once; ``about`` names the object it is for.

    ``resolves`` is the key of the hold it ends or of the posting it reverses; such a draft has no legs of its own.
    """

    kind: Kind
    key: str
    about: str
    legs: tuple[Leg, ...] = ()
    resolves: str | None = None
    expires_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        if not (_KEY.fullmatch(self.key) and _KEY.fullmatch(self.about)):
            raise MalformedDraft(f"key {self.key!r} or about {self.about!r} has characters outside A-Z a-z 0-9 _ . : -")
        if self.kind in RESOLVES:
            if self.legs or self.resolves is None:
                raise MalformedDraft(f"{self.key}: a {self.kind} names what it resolves and has no legs")
        else:
            _check_legs(self.key, self.legs)


def post(key: str, about: str, *legs: Leg) -> Draft:
    """Draft a posting 分录 of these legs."""
    return Draft(Kind.POST, key, about, legs)


def transfer(key: str, about: str, *, debit: str, credit: str, amount: Money) -> Draft:
    """Draft the usual posting of two legs: ``amount`` leaves ``debit`` and reaches ``credit``."""
    return Draft(Kind.POST, key, about, (Leg(debit, -amount), Leg(credit, amount)))


def hold(key: str, about: str, *legs: Leg, expires_at: dt.datetime | None = None) -> Draft:
    """Draft a hold over these legs until ``expires_at``, or until somebody ends it."""
    return Draft(Kind.HOLD, key, about, legs, expires_at=expires_at)


def post_hold(key: str, about: str, *, hold: str) -> Draft:
    """Draft the posting of a hold, named by its key."""
    return Draft(Kind.POST_HOLD, key, about, resolves=hold)


def void_hold(key: str, about: str, *, hold: str) -> Draft:
    """Draft the release of a hold, named by its key."""
    return Draft(Kind.VOID_HOLD, key, about, resolves=hold)


def expire_hold(key: str, about: str, *, hold: str) -> Draft:
    """Draft the end of a hold whose time is over."""
    return Draft(Kind.EXPIRE_HOLD, key, about, resolves=hold)


def reverse(key: str, about: str, *, posting: str) -> Draft:
    """Draft the reversal of a whole posting, named by its key."""
    return Draft(Kind.REVERSE, key, about, resolves=posting)


def fingerprint(draft: Draft) -> str:
    """A hash of all that a draft asks for, so that its key cannot be used again for something else."""
    legs = ";".join([f"{account}={amount.fen}{amount.currency}" for account, amount in draft.legs])
    expires = draft.expires_at.isoformat() if draft.expires_at else ""
    return sha256(f"{draft.kind}|{draft.about}|{draft.resolves}|{expires}|{legs}".encode()).hexdigest()


def _check_legs(key: str, legs: Sequence[Leg]) -> None:
    if not 2 <= len(legs) <= MAX_LEGS:
        raise MalformedDraft(f"{key}: a draft has 2 to {MAX_LEGS} legs, not {len(legs)}")
    sums: dict[str, int] = {}
    for account, amount in legs:
        if not amount.fen:
            raise MalformedDraft(f"{key}: the leg of {account} moves nothing")
        if not _ACCOUNT.fullmatch(account):
            raise MalformedDraft(f"{key}: {account!r} is not an account's name")
        sums[amount.currency] = sums.get(amount.currency, 0) + amount.fen
    if any(sums.values()):
        raise MalformedDraft(f"{key}: the legs do not sum to zero: {sums}")
    if len({account for account, _ in legs}) != len(legs):
        raise MalformedDraft(f"{key}: an account has two legs")
