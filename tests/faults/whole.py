"""Kills the host, the jobs worker, the supervisor or PostgreSQL of a whole running host under customers' load."""

import asyncio
import contextlib
import os
import random
import signal
import time
from pathlib import Path

import psycopg
from tests.faults.customers import Customers
from tests.faults.killing import Report, children, kill_server
from tests.town import Town, founded

from yimen_host.core.database import Database
from yimen_host.core.embedded import EmbeddedPostgres
from yimen_host.identity import passwords
from yimen_host.payments.ledger import books

VICTIMS = ("serve", "postgres", "jobs", "yimen_host.runtime.supervisor")
CUSTOMERS = passwords.TRIES - 1
"""They share one account: as many payment passwords as these may be half checked when the host dies, and count."""
PATIENCE_SECONDS = 60.0
QUIET_SECONDS = 150.0
"""In which the sweep must have ended whatever was under way: it leaves an attempt alone for a minute, then asks the
channel, and again after 5, 15 and 30 seconds where the bank was dead as well."""


async def whole_rounds(var: Path, *, kills: int, seed: int) -> Report:
    """Kill a number of times, each victim in turn, then compare what customers were told with what is there."""
    choose, report = random.Random(seed), Report()
    with founded(var) as town:
        customers = Customers(town.origin)
        shopping = asyncio.create_task(customers.shop(CUSTOMERS))
        await _someone_pays(customers, since=0.0)
        for number in range(kills):
            await asyncio.sleep(choose.uniform(0.1, 1.5))
            began = time.monotonic()
            kill(town, VICTIMS[number % len(VICTIMS)])
            await _someone_pays(customers, since=began)
            report.recovery_seconds.append(time.monotonic() - began)
            report.kills += 1
        shopping.cancel()
        await asyncio.gather(shopping, return_exceptions=True)
        if (status := await customers.visit(town.port, "utilities")) >= 500:
            report.faults.append(f"a mini-app answers {status}")
        report.acknowledged = len(customers.paid)
        report.lost, faults = await _compare(var, set(customers.paid))
        report.faults += faults
    return report


def kill(town: Town, victim: str) -> None:
    """End one part at once, as the kernel does when memory is short."""
    if victim == "postgres":
        kill_server(town.var / "postgres")
        return
    for pid in children(town.pid):
        with contextlib.suppress(OSError):
            if victim.encode() in (Path("/proc") / str(pid) / "cmdline").read_bytes().split(b"\0"):
                os.kill(pid, signal.SIGKILL)


async def _someone_pays(customers: Customers, *, since: float) -> None:
    """Wait until a payment that was begun after a moment is acknowledged."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not any(began > since for began in customers.paid.values()):
            customers.more.clear()
            await customers.more.wait()


async def _compare(var: Path, told: set[str]) -> tuple[list[str], list[str]]:
    """What customers were told and is not so, and every fault of the books."""
    address = EmbeddedPostgres(var / "postgres").database("yimen", owner="yimen")
    with psycopg.connect(address.conninfo) as connection:
        connection.execute("SET search_path TO yimen")
        until = time.monotonic() + QUIET_SECONDS
        while _under_way(connection) and time.monotonic() < until:  # noqa: ASYNC110  another process works on it
            await asyncio.sleep(0.5)
        paid = {
            row[0] for row in connection.execute("SELECT id FROM payment_order WHERE app_id IS NULL AND state = 'paid'")
        }
        faults = [str(row) for row in connection.execute(_TWICE)]
        faults += [f"still under way: {row}" for row in _under_way(connection)]
        faults += [f"the wallet is off by {row[0]}" for row in connection.execute(_WALLETS) if row[0]]
    database = Database(address.url)
    async with database.transaction() as session:
        faults += await books.audit(session)
    await database.close()
    return sorted(told - paid), faults


def _under_way(connection: psycopg.Connection[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """What is neither done nor at the bank's page: a customer who was cut off may never decide there."""
    return connection.execute(
        "SELECT a.id, a.state, b.state FROM payment_attempt a LEFT JOIN sandbox_bank_payment b ON b.merchant_ref = a.id"
        " WHERE a.state IN ('created', 'submitted', 'uncertain') AND b.state IS DISTINCT FROM 'waiting'"
    ).fetchall()


_PAID = "SELECT id FROM payment_order WHERE app_id IS NULL AND state = 'paid'"
_TWICE = (
    "SELECT o.id, count(*) FROM payment_order o JOIN payment_attempt a ON a.order_id = o.id AND a.state = 'settled'"
    " GROUP BY o.id HAVING count(*) > 1"
)
_WALLETS = (  # what was filled in is in the wallets; the demo's own gifts come from grants
    "SELECT (SELECT coalesce(sum(balance), 0) FROM ledger_account WHERE code LIKE 'channel:sandbox-bank:%')"
    " + (SELECT coalesce(sum(amount_fen), 0) FROM sandbox_bank_payment WHERE state = 'paid')"
)
