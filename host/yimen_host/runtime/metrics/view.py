"""Everything that is told at one scrape, gathered within seconds; what did not answer is missing and says so."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from yimen_host.core import deadletters
from yimen_host.core.database import Database
from yimen_host.notices.dispatches import store as dispatches
from yimen_host.notices.dispatches.store import Unsent
from yimen_host.payments import backlog
from yimen_host.runtime.contract import IsolationReport, ReleaseStatus
from yimen_host.runtime.metrics.neighbours import Told, told
from yimen_host.runtime.supervision import Supervision, SupervisorUnavailable

PATIENCE_SECONDS = 5.0
"""Half of what Prometheus waits for a scrape."""
Found = TypeVar("Found")
log = logging.getLogger("yimen.metrics")


@dataclass(frozen=True)
class Waiting:
    """What the database says is not done yet."""

    payments: backlog.Backlog
    outbox: deadletters.Backlog
    dispatches: Unsent


@dataclass(frozen=True)
class View:
    """One look at this machine and at what all machines share."""

    isolation: IsolationReport | None = None
    releases: Sequence[ReleaseStatus] = ()
    waiting: Waiting | None = None
    told: Told = field(default_factory=Told)


async def look(database: Database, supervision: Supervision, run_dir: Path) -> View:
    """Ask everybody at once."""
    isolation, releases, waiting, processes = await asyncio.gather(
        _or_none(supervision.isolation()), _or_none(supervision.status()), _or_none(still(database)), told(run_dir)
    )
    return View(isolation, releases or (), waiting, processes)


async def still(database: Database) -> Waiting:
    """Count what is not done yet."""
    async with database.transaction() as session:
        return Waiting(
            await backlog.backlog(session), await deadletters.backlog(session), await dispatches.unsent(session)
        )


async def _or_none(answer: Awaitable[Found]) -> Found | None:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await answer
    except (SupervisorUnavailable, SQLAlchemyError, OSError, TimeoutError) as error:
        log.warning("something did not answer: %s", error)
        return None
