"""Looks a host over: what stands as it should, what does not, and what its operator can change."""

import asyncio
import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from yimen_host.core.database import Database
from yimen_host.core.sockets import run_directory
from yimen_host.domains import Layout
from yimen_host.payments.attempts import AttemptState
from yimen_host.payments.webhooks.states import DeliveryState
from yimen_host.runtime.contract import IsolationReport
from yimen_host.runtime.extensions.loading import Extensions
from yimen_host.runtime.metrics.neighbours import Told, told
from yimen_host.runtime.metrics.view import still
from yimen_host.runtime.quotas import Quotas, QuotasUnreadable
from yimen_host.runtime.room import room
from yimen_host.runtime.sandbox.confinement import MIB
from yimen_host.runtime.sandbox.layers import LayerState
from yimen_host.runtime.supervision import Supervision, SupervisorUnavailable
from yimen_host.runtime.surveyor import Kept
from yimen_host.settings import Settings

OLDEST_POSTGRESQL = 15
THIRD_PARTY_LEVEL = 2
SUPERVISOR_SECONDS = 20.0
LEAST_FREE = 0.05
"""Of the disk, and of the files it may hold: below that writing fails soon."""
DATABASE_SECONDS = 10.0


class Verdict(StrEnum):
    """How a finding is to be taken."""

    GOOD = "good"
    """As it should be."""
    WARNING = "warning"
    """It works, with a risk or a limit that the operator should know."""
    BAD = "bad"
    """Something does not work until it is changed."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    told: str
    advice: str = ""
    """What to change; empty when nothing is to be."""


@dataclass(frozen=True)
class Health:
    """What was found, and the layers of isolation one by one."""

    findings: Sequence[Finding]
    isolation: IsolationReport | None

    @property
    def is_well(self) -> bool:
        """Whether nothing is bad."""
        return all(finding.verdict is not Verdict.BAD for finding in self.findings)


async def examine(
    settings: Settings,
    database: Database,
    supervision: Supervision,
    extensions: Extensions,
) -> Health:
    """Look at everything."""
    found, isolation = [await _database(database)], None
    if found[0].verdict is Verdict.GOOD:
        found += await _waiting(database)
    try:
        async with asyncio.timeout(SUPERVISOR_SECONDS):
            isolation = await supervision.isolation()
    except (SupervisorUnavailable, TimeoutError) as error:
        advice = "start it (`yimen-host run`, or its own unit), and look at log/supervisor.log"
        found.append(Finding("supervisor", Verdict.BAD, str(error) or "it does not answer", advice))
    else:
        found += _isolation(isolation)
    found += [_domains(settings), _disk(settings.var), _keys(settings.var), *_extensions(extensions)]
    neighbours = await told(run_directory(settings.var))
    if found[0].verdict is Verdict.GOOD:
        found += await _room(database, neighbours)
    return Health([*found, *_quotas(settings), *_processes(neighbours)], isolation)


async def _database(database: Database) -> Finding:
    try:
        async with asyncio.timeout(DATABASE_SECONDS), database.transaction() as session:
            number = int((await session.execute(text("SHOW server_version_num"))).scalar_one())
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        reason = str(getattr(error, "orig", None) or error) or "it does not answer"
        advice = "check YIMEN_DATABASE_URL and that the server runs"
        return Finding("database", Verdict.BAD, reason.splitlines()[0], advice)
    version = number // 10_000
    if version < OLDEST_POSTGRESQL:
        return Finding("database", Verdict.BAD, f"PostgreSQL {version}", f"upgrade to {OLDEST_POSTGRESQL} or later")
    return Finding("database", Verdict.GOOD, f"PostgreSQL {version}.{number % 10_000}")


async def _room(database: Database, neighbours: Told) -> list[Finding]:
    async with database.transaction() as session:
        found = await room(session, database.url, neighbours.counts)
    if found.is_enough:
        return []
    told = f"mini-apps may take {found.apps} and this machine {found.hosts} of the server's {found.all}"
    advice = "raise max_connections of PostgreSQL, or lower `connections` in YIMEN_QUOTAS"
    return [Finding("connections", Verdict.WARNING, told, advice)]


def _isolation(report: IsolationReport) -> list[Finding]:
    enough, checked = report.level >= THIRD_PARTY_LEVEL, report.checked_at
    when = f"{report.probes} probes at {checked:%Y-%m-%d %H:%M} UTC" if checked else "not checked yet"
    told = f"level {report.level}, {report.name}; {when}"
    advice = "" if enough else f"third parties need level {THIRD_PARTY_LEVEL}: see what the layers below say"
    found = [Finding("isolation", Verdict.GOOD if enough else Verdict.BAD, told, advice)]
    found += [
        Finding("alert", Verdict.BAD, alert, "mini-apps are kept back until it is closed") for alert in report.alerts
    ]
    found += [Finding("note", Verdict.WARNING, note) for note in report.notes]
    failed = [layer for layer in report.layers if layer.state is LayerState.FAILED]
    return found + [
        Finding(f"layer {layer.layer}", Verdict.BAD, layer.reason, "see log/supervisor.log") for layer in failed
    ]


def _domains(settings: Settings) -> Finding:
    told = f"{settings.portal_origin} and {settings.app_origin('*')}: {settings.layout}"
    if settings.layout is not Layout.SHARED:
        return Finding("domains", Verdict.GOOD, told)
    advice = "set YIMEN_APPS_DOMAIN to a registrable domain of its own"
    if settings.accept_shared_domain:
        return Finding("domains", Verdict.WARNING, f"{told}; accepted by YIMEN_ACCEPT_SHARED_DOMAIN", advice)
    return Finding("domains", Verdict.BAD, f"{told}; no mini-app is served", f"{advice}, or accept it")


def _disk(var: Path) -> Finding:
    try:
        room, files = shutil.disk_usage(var), os.statvfs(var)
    except OSError as error:
        return Finding("disk", Verdict.BAD, f"{var}: {error.strerror}", "set YIMEN_VAR to a directory of yours")
    shares = [room.free / room.total, *([files.f_favail / files.f_files] if files.f_files else [])]
    told = f"{room.free / 2**30:.1f} of {room.total / 2**30:.1f} GiB free in {var}"
    is_low = min(shares) < LEAST_FREE
    return Finding("disk", Verdict.BAD if is_low else Verdict.GOOD, told, "make room, or add a disk" if is_low else "")


def _keys(var: Path) -> Finding:
    path = var / "keys" / "master.json"
    try:
        mode = path.stat().st_mode & 0o777
    except OSError as error:
        return Finding("keys", Verdict.BAD, f"{path}: {error.strerror}", "put the backup of the keys back")
    if mode & 0o077:
        return Finding("keys", Verdict.BAD, f"{path} may be read by others (mode {mode:o})", f"chmod 600 {path}")
    return Finding("keys", Verdict.GOOD, f"{path}, for this account alone")


async def _waiting(database: Database) -> list[Finding]:
    """What calls for a person; what only takes its time is told by the metrics."""
    try:
        waiting = await still(database)
    except SQLAlchemyError as error:
        return [Finding("tables", Verdict.BAD, str(error).splitlines()[0], "run `yimen-host migrate`")]
    payments = waiting.payments
    counted = {
        "payments in doubt": (payments.attempts[AttemptState.UNCERTAIN], "ask the channel whether it answers"),
        "refunds that wait for a person": (payments.stuck_refunds, "/console/refunds"),
        "unexplained differences": (sum(payments.breaks.values()), "/console/reconciliation"),
        "webhooks given up": (payments.webhooks[DeliveryState.DEAD], "their publishers see why"),
        "events given up": (waiting.outbox.dead, "their publishers see why"),
    }
    return [Finding(name, Verdict.WARNING, str(count), advice) for name, (count, advice) in counted.items() if count]


def _quotas(settings: Settings) -> list[Finding]:
    try:
        Quotas.read(settings.quotas)
    except QuotasUnreadable as error:
        advice = "correct the file; until then a host that runs goes on with the limits it had"
        return [Finding("quotas", Verdict.BAD, error.message, advice)]
    return []


def _processes(told: Told) -> list[Finding]:
    """What the host's processes on this machine counted, and which of them say nothing."""
    over: dict[str, Counter[str]] = defaultdict(Counter)
    for counts in told.counts:
        for app_id, quota, count in counts.refused():
            over[app_id][quota] += count
    advice = "raise its limit in YIMEN_QUOTAS, if it is meant to be so busy"
    kept = {app_id: kept for counts in told.counts for app_id, kept in counts.kept.items()}
    return [
        *(_stopped(app_id, one) for app_id, one in sorted(kept.items()) if one.is_stopped),
        *(Finding(f"process {name}", Verdict.BAD, "it does not answer", "see its log") for name in told.silent),
        *(Finding(f"quota {app_id}", Verdict.WARNING, _over(over[app_id]), advice) for app_id in sorted(over)),
        *_sockets(told),
    ]


def _sockets(told: Told) -> list[Finding]:
    """The WebSockets of each mini-app that ever had one asked for."""
    asked: dict[str, Counter[str]] = defaultdict(Counter)
    for counts in told.counts:
        for app_id, served in counts.traffic.items():
            asked[app_id].update(asdict(served.sockets))
    return [
        Finding(f"websockets {app_id}", Verdict.GOOD, _since(asked[app_id]))
        for app_id in sorted(asked) if any(asked[app_id].values())
    ]  # fmt: skip


def _since(sockets: Counter[str]) -> str:
    told = f"{sockets['open']} open; since the host began {sockets['opened']} were opened"
    return f"{told} and {sockets['refused']} refused"


def _stopped(app_id: str, kept: Kept) -> Finding:
    told = f"it keeps {kept.size / MIB:.0f} of {kept.most // MIB} MiB in the database, and may not connect to it"
    advice = "raise its database_mib in YIMEN_QUOTAS, or have its publisher release a migration that clears out"
    return Finding(f"database {app_id}", Verdict.BAD, told, advice)


def _over(quotas: Counter[str]) -> str:
    return f"over its limits since the host began: {', '.join(f'{quotas[name]} {name}' for name in sorted(quotas))}"


def _extensions(extensions: Extensions) -> list[Finding]:
    return [
        Finding(f"extension {record.name}", Verdict.GOOD, ", ".join(record.offers))
        if record.state == "loaded"
        else Finding(f"extension {record.name}", Verdict.BAD, record.reason, "repair it, or take it out of the setting")
        for record in extensions.records
    ]
