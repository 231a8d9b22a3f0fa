"""Looks a host over: what stands as it should, what does not, and what its operator can change."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from yimen_host.core.database import Database
from yimen_host.core.sockets import run_directory
from yimen_host.runtime.contract import IsolationReport
from yimen_host.runtime.extensions.loading import Extensions
from yimen_host.runtime.health import database as at_database
from yimen_host.runtime.health import machine
from yimen_host.runtime.health.database import TablesMissing
from yimen_host.runtime.health.finding import Finding, Verdict
from yimen_host.runtime.health.isolation import SupervisorAway, isolation
from yimen_host.runtime.health.processes import extensions, processes
from yimen_host.runtime.health.waiting import waiting
from yimen_host.runtime.metrics.neighbours import told
from yimen_host.runtime.metrics.view import still
from yimen_host.runtime.supervision import Supervision, SupervisorUnavailable
from yimen_host.settings import Settings

SUPERVISOR_SECONDS = 20.0


@dataclass(frozen=True)
class Health:
    """What was found, and the layers of isolation one by one."""

    findings: Sequence[Finding]
    isolation: IsolationReport | None

    @property
    def is_well(self) -> bool:
        """Whether nothing is bad."""
        return all(finding.verdict is not Verdict.BAD for finding in self.findings)


async def examine(settings: Settings, database: Database, supervision: Supervision, loaded: Extensions) -> Health:
    """Look at everything."""
    first = await at_database.database(database)
    answers = first.verdict is Verdict.GOOD
    report = await _report(supervision)
    neighbours = await told(run_directory(settings.var))
    return Health(
        [
            first,
            *(await _waiting(database) if answers else ()),
            *(isolation(report) if report else [SupervisorAway()]),
            machine.domains(settings),
            machine.disk(settings.var),
            machine.keys(settings.var),
            *extensions(loaded),
            *(await at_database.room(database, neighbours) if answers else ()),
            *machine.quotas(settings),
            *processes(neighbours),
        ],
        report,
    )


async def _waiting(database: Database) -> Sequence[Finding]:
    try:
        return list(waiting(await still(database)))
    except SQLAlchemyError as error:
        return [TablesMissing(str(error).splitlines()[0])]


async def _report(supervision: Supervision) -> IsolationReport | None:
    try:
        async with asyncio.timeout(SUPERVISOR_SECONDS):
            return await supervision.isolation()
    except (SupervisorUnavailable, TimeoutError):
        return None
