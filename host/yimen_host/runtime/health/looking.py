"""Looks a host over: what stands as it should, what does not, and what its operator can change."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from yimen_host.core.services import Services
from yimen_host.core.sockets import run_directory
from yimen_host.runtime.contract import IsolationReport
from yimen_host.runtime.extensions.loading import Extensions
from yimen_host.runtime.health import database as at_database
from yimen_host.runtime.health import machine
from yimen_host.runtime.health.alerting import alerting
from yimen_host.runtime.health.database import TablesMissing
from yimen_host.runtime.health.finding import Finding, Verdict
from yimen_host.runtime.health.isolation import SupervisorAway, isolation
from yimen_host.runtime.health.processes import extensions, processes
from yimen_host.runtime.health.waiting import waiting
from yimen_host.runtime.metrics.neighbours import Told, told
from yimen_host.runtime.metrics.view import still
from yimen_host.runtime.supervision import Supervision, SupervisorUnavailable

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


async def examine(services: Services, supervision: Supervision, loaded: Extensions) -> Health:
    """Look at everything."""
    settings, database = services.settings, services.database
    first = await at_database.database(database)
    report = await _report(supervision)
    neighbours = await told(run_directory(settings.var))
    findings = await _at_database(services, loaded, neighbours) if first.verdict is Verdict.GOOD else []
    return Health(
        [
            first,
            *findings,
            *(isolation(report) if report else [SupervisorAway()]),
            machine.domains(settings),
            machine.disk(settings.var),
            machine.keys(settings.var),
            *extensions(loaded),
            *machine.quotas(settings),
            *processes(neighbours),
        ],
        report,
    )


async def _at_database(services: Services, loaded: Extensions, neighbours: Told) -> Sequence[Finding]:
    """What can be looked for where it answers."""
    database = services.database
    room = await at_database.room(database, neighbours)
    try:
        found = waiting(await still(database))
        return [*room, *found, *await alerting(services, loaded)]
    except SQLAlchemyError as error:
        return [*room, TablesMissing(str(error).splitlines()[0])]


async def _report(supervision: Supervision) -> IsolationReport | None:
    try:
        async with asyncio.timeout(SUPERVISOR_SECONDS):
            return await supervision.isolation()
    except (SupervisorUnavailable, TimeoutError):
        return None
