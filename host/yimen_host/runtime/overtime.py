"""When a mini-app's session at the database has gone on too long. PostgreSQL's own limits bind only who keeps them.

A role may lift its own time-outs (`SET statement_timeout = 0`), so they are a courtesy; this rule is the limit.
Arithmetic only: seconds in, a verdict out.
"""

from dataclasses import dataclass
from enum import StrEnum

from yimen_host.runtime.quotas import Quota

GRACE_SECONDS = 1.0
"""PostgreSQL's own time-out comes first where it was left in place."""
PATIENCE_SECONDS = 3.0
"""Between asking a statement to end and ending its session: one that sends to a deaf client hears no request."""


class Excess(StrEnum):
    """What was too much, in the words of the quotas."""

    STATEMENTS = "statement_seconds"
    """One statement."""
    TRANSACTIONS = "transaction_seconds"
    """One transaction, busy or idle: it holds locks, and rows that nobody can clean up."""
    LOCKS = "advisory_locks"
    """A lock that is not of its own tables: names of such locks are common to everybody in a database."""
    ELSEWHERE = "other_databases"
    """A session in another database of the server, where nothing is measured."""


@dataclass(frozen=True)
class Session:
    """A mini-app's connection as the database sees it; all times in seconds until now."""

    pid: int
    began: str
    """When it connected: with the number, its name."""
    role: str
    is_busy: bool
    statement: float
    """Since the statement began that runs, or ran last."""
    transaction: float | None
    """Since its transaction began, if it is in one."""
    holds_advisory_lock: bool
    is_elsewhere: bool = False


@dataclass(frozen=True)
class Cancel:
    """Ask its statement to end."""

    excess: Excess


@dataclass(frozen=True)
class Terminate:
    """End the session."""

    excess: Excess


def judge(session: Session, quota: Quota, *, held_before: bool) -> Cancel | Terminate | None:
    """Return what is to be done about a session. `held_before`: it had an advisory lock at the last look too."""
    if session.is_elsewhere:
        return Terminate(Excess.ELSEWHERE)
    over = session.statement - quota.statement_seconds if session.is_busy else 0.0
    if over > GRACE_SECONDS + PATIENCE_SECONDS:
        return Terminate(Excess.STATEMENTS)
    if over > GRACE_SECONDS:
        return Cancel(Excess.STATEMENTS)
    if (session.transaction or 0.0) > max(quota.transaction_seconds, quota.statement_seconds) + GRACE_SECONDS:
        return Terminate(Excess.TRANSACTIONS)
    if session.holds_advisory_lock and held_before:
        return Terminate(Excess.LOCKS)
    return None
