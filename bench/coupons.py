"""Coupons won per second in a flash claim, as a ratio to ``pgbench -M prepared -c 8`` (TPC-B) in the same run.

    python -m bench.coupons [--rounds 3] [--in-flight 2048]

250,000 clicks of 200,000 people, in random order, on 40,000 coupons, through the actor that the pages use. Wins per
second are counted until the last coupon is gone. PostgreSQL has fsync on; the pgbench before and after each round is
its yardstick and the medians count. Each round ends with a check of the tables and the ledger: a fault fails it all.
"""

import argparse
import asyncio
import datetime as dt
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

import uvloop
from sqlalchemy import text

from bench.ledger import PGBENCH_SCALE, pgbench, yardstick
from bench.measure import conclude
from yimen_host.cli.serving import seldom_look_for_cycles
from yimen_host.core.clock import SystemClock
from yimen_host.core.database import Database
from yimen_host.core.embedded import Address, EmbeddedPostgres
from yimen_host.core.ids import RandomIds
from yimen_host.core.keyring import Keyring, MasterKey
from yimen_host.core.schema import migrate
from yimen_host.core.services import Services
from yimen_host.payments import chart
from yimen_host.payments.coupons.answers import AlreadyClaimed, Answer, SoldOut, Won
from yimen_host.payments.coupons.claiming import Claims, Click
from yimen_host.payments.coupons.planning import Planning
from yimen_host.payments.coupons.store.claims import Row
from yimen_host.payments.coupons.terms import Terms
from yimen_host.payments.ledger import books
from yimen_host.payments.ledger.writer import Writer
from yimen_host.settings import Settings
from yimen_sdk.money import Money, yuan

CLICKS, PEOPLE, STOCK = 250_000, 200_000, 40_000
FACE = yuan("10.00")


@dataclass(frozen=True)
class Run:
    """What one flash claim came to."""

    wins_per_second: float
    clicks_per_second: float
    p50_ms: float
    p99_ms: float
    winners: int
    duplicates: int
    faults: list[str]


def main() -> None:
    """Run the benchmark and print its figures, the last line as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--in-flight", type=int, default=2048)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yimen-bench-", ignore_cleanup_errors=True) as directory:
        server = EmbeddedPostgres(Path(directory))
        server.start()
        try:
            faults = _measure(server, arguments.rounds, arguments.in_flight)
        finally:
            server.stop()
    sys.exit(1 if faults else 0)


def _measure(server: EmbeddedPostgres, rounds: int, in_flight: int) -> list[str]:
    yardstick_db = server.database("yardstick", owner="yardstick")
    pgbench(yardstick_db, "-i", "-q", "-s", str(PGBENCH_SCALE))
    address = server.database("bench", owner="bench")
    migrate(address.url)
    yards, runs = uvloop.run(_rounds(yardstick_db, address, rounds, in_flight))
    faults = [fault for run in runs for fault in run.faults]
    conclude(
        "coupons",
        ratio=median(2 * run.wins_per_second / (yards[n] + yards[n + 1]) for n, run in enumerate(runs)),
        winners=[run.winners for run in runs] if len({run.winners for run in runs}) > 1 else runs[0].winners,
        duplicates=sum(run.duplicates for run in runs),
        in_flight=in_flight,
        wins_per_second=[round(run.wins_per_second) for run in runs],
        clicks_per_second=[round(run.clicks_per_second) for run in runs],
        p50_ms=median(run.p50_ms for run in runs),
        p99_ms=median(run.p99_ms for run in runs),
        pgbench_tps=[round(yard) for yard in yards],
        faults=faults,
    )
    return faults


async def _rounds(
    yardstick_db: Address, address: Address, rounds: int, in_flight: int
) -> tuple[list[float], list[Run]]:
    services = Services(
        Settings(), Database(address.url), Keyring((MasterKey("k", b"k" * 32),)), SystemClock(), RandomIds()
    )
    ledger, claims = Writer(services.database, services.clock), Claims(services)
    await ledger.start()
    await claims.start()
    planning = Planning(services, ledger)
    await _flash(services, planning, claims, in_flight, clicks=2_000, people=1_500, stock=1_000)  # as in a running host
    seldom_look_for_cycles()  # as the host does
    yards = [await asyncio.to_thread(yardstick, yardstick_db)]
    runs = []
    for _ in range(rounds):
        runs.append(await _flash(services, planning, claims, in_flight, clicks=CLICKS, people=PEOPLE, stock=STOCK))
        yards.append(await asyncio.to_thread(yardstick, yardstick_db))
    await claims.stop()
    await ledger.stop()
    await services.database.close()
    return yards, runs


async def _flash(
    services: Services, planning: Planning, claims: Claims, in_flight: int, *, clicks: int, people: int, stock: int
) -> Run:
    terms = _terms(stock)
    campaign_id = await _running(planning, terms)
    asked = iter(_clicks(campaign_id, clicks, people))
    told: Counter[str] = Counter()
    waits: list[float] = []
    last_win = 0.0

    async def client() -> None:
        nonlocal last_win
        for click in asked:
            begin = time.perf_counter()
            answer: Answer = await claims.claim(click)
            if isinstance(answer, Won):
                last_win = time.perf_counter()
                told[answer.coupon_id] += 1
                waits.append(last_win - begin)
            elif not isinstance(answer, AlreadyClaimed | SoldOut):
                raise AssertionError(answer)

    begin = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(in_flight)))
    end = time.perf_counter()
    cuts = quantiles(waits, n=100)
    duplicates, faults = await _check(services, campaign_id, stock, told)
    return Run(
        stock / (last_win - begin),
        clicks / (end - begin),
        cuts[49] * 1000,
        cuts[98] * 1000,
        len(told),
        duplicates,
        faults,
    )


async def _check(services: Services, campaign_id: str, stock: int, told: Counter[str]) -> tuple[int, list[str]]:
    async with services.database.transaction() as session:
        rows = (
            await session.execute(
                text("SELECT id, person FROM coupon WHERE campaign_id = :campaign"), {"campaign": campaign_id}
            )
        ).all()
        committed = await books.balance(session, chart.committed(campaign_id))
        faults = await books.audit(session)
    duplicates = len(rows) - len({row.person for row in rows}) + sum(told.values()) - len(told)
    if set(told) != {row.id for row in rows} or len(rows) != stock:
        faults.append(f"{len(told)} were told that they won, {len(rows)} coupons are there, of {stock}")
    if committed.posted != FACE * stock:
        faults.append(f"{committed.posted} is committed")
    if duplicates:
        faults.append(f"{duplicates} coupons too many for one person")
    return duplicates, faults


def _clicks(campaign_id: str, clicks: int, people: int) -> list[Click]:
    choose = random.Random(7)
    who = [UUID(int=choose.getrandbits(128)) for _ in range(people)]
    order = who + choose.choices(who, k=clicks - people)
    choose.shuffle(order)
    places = [f"52{choose.randrange(1, 10):02}{choose.randrange(1, 15):02}" for _ in range(200)]
    return [
        Click(campaign_id, FACE, Row(str(person), 1, f"res_{person.hex[:26]}", choose.choice(places)))
        for person in order
    ]


async def _running(planning: Planning, terms: Terms) -> str:
    row = await planning.plan(terms, by="planner")
    await planning.approve(row.id, by="first")
    await planning.approve(row.id, by="second")
    await planning.start(row.id, by="planner")
    return row.id


def _terms(stock: int) -> Terms:
    now = SystemClock().now()
    return Terms(
        title="Flash",
        department="Bench",
        face=FACE,
        threshold=Money(100_00),
        stock=stock,
        budget=FACE * stock,
        day_stock=None,
        per_person=1,
        resident_regions=(),
        merchant_regions=(),
        merchant_classes=(),
        stack_group="government",
        claim_from=now - dt.timedelta(hours=1),
        claim_until=now + dt.timedelta(hours=1),
        use_from=now,
        use_until=now + dt.timedelta(days=1),
    )


if __name__ == "__main__":
    main()
