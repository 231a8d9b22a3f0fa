"""The ledger's rule: a batch and the books in, entries and refusals out. Arithmetic only: no clock, no database.

Whoever applies it must hold the accounts locked, so that nothing changes between reading the books and writing them.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from yimen_host.payments.ledger.draft import ENDS_A_HOLD, REVERSIBLE, Draft, Kind, Leg


class Reason(StrEnum):
    """Why a draft was refused."""

    KEY_REUSED = "key_reused"
    """The key belongs to a draft that asked for something else."""
    FLOOR = "floor"
    """An account would fall below its floor: there is not enough money."""
    CURRENCY = "currency"
    """A leg's currency is not its account's."""
    NOT_THERE = "not_there"
    """There is no such hold or posting."""
    ALREADY_RESOLVED = "already_resolved"
    """The hold has ended, or the posting was reversed, before."""
    HOLD_EXPIRED = "hold_expired"
    """The hold's time is over: it can only be voided or expired."""
    NOT_EXPIRED = "not_expired"
    """The hold's time is not over yet."""
    GUARD = "guard"
    """What goes with the posting was refused, so the posting is too."""


class Retry(StrEnum):
    """What a caller may do after a refusal. A refused key is never burned: nothing was kept under it."""

    SAME_KEY = "same_key"
    """Asking again with this key is safe and may succeed when the books have changed."""
    NEW_KEY = "new_key"
    """This key belongs to something else: use another."""
    NEVER = "never"
    """Asking again cannot succeed."""


_RETRY = {
    Reason.KEY_REUSED: Retry.NEW_KEY,
    Reason.FLOOR: Retry.SAME_KEY,
    Reason.CURRENCY: Retry.NEVER,
    Reason.NOT_THERE: Retry.SAME_KEY,
    Reason.ALREADY_RESOLVED: Retry.NEVER,
    Reason.HOLD_EXPIRED: Retry.NEVER,
    Reason.NOT_EXPIRED: Retry.SAME_KEY,
    Reason.GUARD: Retry.SAME_KEY,
}


class Account(NamedTuple):
    """An account as it stands. ``balance`` is the sum of its posted entries (a credit is above zero); ``held`` is what
    holds would take from it, ``awaited`` what they would bring. With a ``floor``, balance - held stays at or above it.
    """

    id: int
    code: str
    currency: str
    floor: int | None
    balance: int = 0
    held: int = 0
    awaited: int = 0
    seq: int = 0

    @property
    def available(self) -> int:
        """What may still be taken."""
        return self.balance - self.held


class Entry(NamedTuple):
    """One line of the journal: the changes of one account by one transaction, and its balance afterwards."""

    account_id: int
    account_seq: int
    line: int
    amount: int
    held: int
    awaited: int
    balance: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """A draft that the books allow, with the entries that it makes."""

    draft: Draft
    fingerprint: str
    legs: tuple[Leg, ...]
    entries: tuple[Entry, ...]
    after: tuple[Account, ...]
    resolves_id: int | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """The draft is in the journal. ``replayed`` says that it already was."""

    transaction_id: int
    key: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """The draft changed nothing, and why."""

    key: str
    reason: Reason
    detail: str

    @property
    def retry(self) -> Retry:
        """What the caller may do next."""
        return _RETRY[self.reason]


Outcome = Posted | Refusal


@dataclass(frozen=True, slots=True)
class Original:
    """A hold or posting in the journal that a draft of this batch wants to end or reverse."""

    id: int
    kind: Kind
    legs: tuple[Leg, ...]
    expires_at: dt.datetime | None
    resolved: bool = False


@dataclass
class Books:
    """All that judging one batch needs to know. ``take`` is the only way it changes."""

    now: dt.datetime
    first_id: int
    accounts: dict[str, Account]
    known: dict[str, tuple[int, str]] = field(default_factory=dict)
    originals: dict[str, Original] = field(default_factory=dict)
    taken: list[tuple[int, Accepted]] = field(default_factory=list)

    def take(self, accepted: Accepted) -> Posted:
        """Enter an accepted draft into the books."""
        draft, number = accepted.draft, self.first_id + len(self.taken)
        self.taken.append((number, accepted))
        self.known[draft.key] = (number, accepted.fingerprint)
        for account in accepted.after:
            self.accounts[account.code] = account
        self.originals[draft.key] = Original(number, draft.kind, accepted.legs, draft.expires_at)
        if draft.resolves is not None:
            self.originals[draft.resolves] = replace(self.originals[draft.resolves], resolved=True)
        return Posted(number, draft.key)


def settle(books: Books, batch: Sequence[tuple[Draft, str]]) -> list[Outcome]:
    """Judge a batch of drafts, each with its fingerprint, in order; each sees the books as those before left them."""
    outcomes: list[Outcome] = []
    for draft, fingerprint in batch:
        verdict = judge(books, draft, fingerprint)
        outcomes.append(books.take(verdict) if isinstance(verdict, Accepted) else verdict)
    return outcomes


def judge(books: Books, draft: Draft, fingerprint: str) -> Accepted | Outcome:
    """Say what the books would make of one draft, and change nothing."""
    if (known := books.known.get(draft.key)) is not None:
        if known[1] == fingerprint:
            return Posted(known[0], draft.key, replayed=True)
        return Refusal(draft.key, Reason.KEY_REUSED, f"key {draft.key} was used for something else")
    if draft.resolves is None:
        return _judge_legs(books.accounts, draft, fingerprint, draft.legs)
    original = books.originals.get(draft.resolves)
    if (refusal := _judge_original(original, draft, books.now)) is not None:
        return refusal
    assert original is not None
    legs = original.legs
    if draft.kind is Kind.REVERSE:
        legs = tuple(Leg(account, -amount) for account, amount in legs)
    return _judge_legs(books.accounts, draft, fingerprint, legs, original.id)


def _judge_original(original: Original | None, draft: Draft, now: dt.datetime) -> Refusal | None:
    def refuse(reason: Reason, what: str) -> Refusal:
        return Refusal(draft.key, reason, f"{draft.resolves} {what}")

    fitting = (Kind.HOLD,) if draft.kind in ENDS_A_HOLD else REVERSIBLE
    if original is None or original.kind not in fitting:
        return refuse(Reason.NOT_THERE, "is not there to be resolved")
    if original.resolved:
        return refuse(Reason.ALREADY_RESOLVED, "was resolved before")
    if original.expires_at is not None:
        over = original.expires_at <= now
        if over and draft.kind is Kind.POST_HOLD:
            return refuse(Reason.HOLD_EXPIRED, f"expired at {original.expires_at:%Y-%m-%d %H:%M:%S}")
        if not over and draft.kind is Kind.EXPIRE_HOLD:
            return refuse(Reason.NOT_EXPIRED, f"runs until {original.expires_at:%Y-%m-%d %H:%M:%S}")
    return None


def _judge_legs(
    accounts: Mapping[str, Account],
    draft: Draft,
    fingerprint: str,
    legs: tuple[Leg, ...],
    resolves_id: int | None = None,
) -> Accepted | Refusal:
    posts, holds = _EFFECT[draft.kind]
    entries, after = [], []
    for line, (code, money) in enumerate(legs):
        account, fen, currency = accounts[code], money.fen, money.currency
        if account.currency != currency:
            return Refusal(draft.key, Reason.CURRENCY, f"{code} is kept in {account.currency}, not in {currency}")
        amount = fen * posts
        held, awaited = (-fen * holds, 0) if fen < 0 else (0, fen * holds)
        changed = Account(
            account.id,
            code,
            currency,
            account.floor,
            account.balance + amount,
            account.held + held,
            account.awaited + awaited,
            account.seq + 1,
        )
        if account.floor is not None and amount < held and changed.available < account.floor:
            return Refusal(draft.key, Reason.FLOOR, f"{code} has {account.available - account.floor} fen to spend")
        entries.append(Entry(account.id, changed.seq, line, amount, held, awaited, changed.balance))
        after.append(changed)
    return Accepted(draft, fingerprint, legs, tuple(entries), tuple(after), resolves_id)


# What each kind does with its legs: whether they are posted, and whether they are put on hold (+1) or taken off (-1).
_EFFECT: Mapping[Kind, tuple[int, int]] = {
    Kind.POST: (1, 0),
    Kind.HOLD: (0, 1),
    Kind.POST_HOLD: (1, -1),
    Kind.VOID_HOLD: (0, -1),
    Kind.EXPIRE_HOLD: (0, -1),
    Kind.REVERSE: (1, 0),
}
