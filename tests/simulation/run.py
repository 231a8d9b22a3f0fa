"""Runs many histories on one database, and says which seeds broke a promise."""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import uvloop

from tests.simulation import utility
from tests.simulation.history import happen
from tests.simulation.power import Power
from tests.simulation.world import World
from yimen_host.core.database import Database
from yimen_host.core.schema import migrate
from yimen_host.payments.ledger import books

AUDIT_EVERY = 200  # histories: the audit reads the whole journal


@dataclass
class Report:
    """What many histories came to."""

    histories: int = 0
    crashes: int = 0
    orders: int = 0
    bills: int = 0
    """Power bills that the company credited."""
    seconds: float = 0.0
    broken: dict[int, list[str]] = field(default_factory=dict)
    """Seeds with the promises they broke."""
    traces: dict[int, list[str]] = field(default_factory=dict)


async def run(url: str, seeds: Iterable[int], *, stop_at_first: bool = False, keep: bool = False) -> Report:
    """Live through the histories of these seeds, and keep what happened in those that broke a promise, or in all."""
    report, began, database = Report(), time.perf_counter(), Database(url)
    utility.install(url)
    for seed in seeds:
        power = Power()
        world = World(seed, database, power)
        with power.supplied():
            try:
                faults = await happen(world)
            except Exception as error:  # noqa: BLE001  whatever a history ends in is its fault
                faults = [f"{type(error).__name__}: {error}"]
        report.histories += 1
        report.crashes += world.crashes
        report.orders += len(world.orders)
        report.bills += world.utility.company.count()
        if report.histories % AUDIT_EVERY == 0:
            faults += await audit(url)
        if faults or keep:
            report.traces[seed] = world.trace
        if faults:
            report.broken[seed] = faults
            if stop_at_first:
                break
    await database.close()
    report.seconds = time.perf_counter() - began
    return report


async def audit(url: str) -> list[str]:
    """Audit the whole journal."""
    database = Database(url)
    try:
        async with database.transaction() as session:
            return await books.audit(session)
    finally:
        await database.close()
        await asyncio.sleep(0)


def live(url: str, seeds: Sequence[int]) -> Report:
    """Live through these histories on an empty database, and audit its journal at the end."""
    logging.disable(logging.CRITICAL)  # a process that dies complains of nothing
    migrate(url)
    report = uvloop.run(run(url, seeds))
    if faults := uvloop.run(audit(url)):
        report.broken[seeds[-1]] = [*report.broken.get(seeds[-1], []), *faults]
    return report
