"""The hash chain: each entry carries the hash of the one before it. Pure; an outsider can run it."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from yimen_registry.database import Json
from yimen_registry.errors import RegistryError

GENESIS = "0" * 64
"""What the first entry has for a predecessor."""


class LogBroken(RegistryError):
    """The log is not the log that was written."""

    code = "log_broken"
    status = 500


@dataclass(frozen=True)
class Entry:
    """One act: who did what to which thing, when, and the proof of its place."""

    number: int
    at: dt.datetime
    actor: str
    act: str
    thing: str
    details: Json
    previous: str
    hash: str


def sealed(number: int, at: dt.datetime, *, actor: str, act: str, thing: str, details: Json, previous: str) -> Entry:
    """Make the entry that follows `previous`."""
    content = [number, at.astimezone(dt.UTC).isoformat(), actor, act, thing, details, previous]
    written = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(written.encode()).hexdigest()
    return Entry(number, at, actor, act, thing, details, previous, digest)


def verify(entries: Iterable[Entry], *, after: int = 0, previous: str = GENESIS) -> str:
    """Check a stretch of the log and return the hash of its last entry.

    Raises LogBroken at the first entry that was changed, removed, added or moved.
    """
    for entry in entries:
        after += 1
        expected = sealed(
            after,
            entry.at,
            actor=entry.actor,
            act=entry.act,
            thing=entry.thing,
            details=entry.details,
            previous=previous,
        )
        if entry != expected:
            raise LogBroken(f"entry {after} of the log does not follow from the entry before it")
        previous = entry.hash
    return previous
