"""Runs many histories on one database, and says which seeds broke a promise."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import uvloop

from tests.databases import copied
from tests.simulation import utility
from tests.simulation.history import happen
from tests.simulation.power import Power
from tests.simulation.reading import Reader
from tests.simulation.world import World
from yimen_host.core.database import Database
from yimen_host.core.embedded import Address
from yimen_host.core.schema import migrate
from yimen_host.payments.ledger import books

HISTORY_SECONDS = 120.0  # of real time, on the slowest machine: a history that takes longer hangs


@dataclass
class Report:
    """What many histories came to."""

    histories: int = 0
    crashes: int = 0
    orders: int = 0
    bills: int = 0
    """Power bills that the company credited."""
    payouts: int = 0
    """Payments to merchants that left the bank."""
    differences: int = 0
    """Breaks between the bank's bills and our books."""
    broken: dict[int, list[str]] = field(default_factory=dict)
    """Seeds with the promises they broke."""
    traces: dict[int, list[str]] = field(default_factory=dict)


def prepare(url: str) -> None:
    """Give an empty database the tables that histories need; every database they are lived on begins as its copy."""
    migrate(url)
    utility.install(url)


async def run(url: str, seeds: Iterable[int], *, stop_at_first: bool = False, keep: bool = False) -> Report:
    """Live through the histories of these seeds on a prepared database, and audit its journal at the end.

    What happened is kept of those that broke a promise, or of all. A broken journal counts for the last seed.
    """
    report, database = Report(), Database(url)
    utility.connect(url)
    with Reader(url) as reader:
        for seed in seeds:
            world = World(seed, database, reader, Power())
            faults = await _lived(world)
            report.histories += 1
            report.crashes += world.crashes
            report.orders += len(world.orders)
            report.bills += world.utility.company.count()
            report.payouts += len(world.payer.paid())
            report.differences += world.differences()
            if faults or keep:
                report.traces[seed] = world.trace
            if faults:
                report.broken[seed] = faults
                if stop_at_first:
                    break
    async with database.transaction() as session:
        if report.histories and (faults := await books.audit(session)):
            report.broken[seed] = [*report.broken.get(seed, []), *faults]
    await database.close()
    return report


async def _lived(world: World) -> list[str]:
    with world.power.supplied():
        try:
            async with asyncio.timeout(HISTORY_SECONDS):
                return await happen(world)
        except Exception as error:  # noqa: BLE001  whatever a history ends in is its fault
            return [f"{type(error).__name__}: {error}"]


def live(server: str, template: Address, seeds: Sequence[int]) -> Report:
    """Live through these histories on a copy of a prepared database."""
    logging.disable(logging.CRITICAL)  # a process that dies complains of nothing
    name = f"{template.database}_{seeds[0]}"
    with copied(server, name, template=template.database, owner=template.user):
        return uvloop.run(run(replace(template, database=name).url, seeds))
