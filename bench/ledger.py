"""Transfers posted per second, as a ratio to ``pgbench -M prepared -c 8`` (TPC-B) on the same server in the same run.

    python -m bench.ledger [--seconds 4] [--in-flight 64]

Uniform: each transfer goes from one of 20,000 wallets to another. Hot: all of them credit one merchant. PostgreSQL has
fsync on. The yardstick runs before, between and after, and the mean of its neighbours counts. Each run ends with the
ledger's own audit; a fault in it is a failed benchmark.
"""

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles

import uvloop

from yimen_host.core.clock import SystemClock
from yimen_host.core.database import Database
from yimen_host.core.embedded import Address, EmbeddedPostgres, binary
from yimen_host.core.schema import migrate
from yimen_host.payments.ledger import books
from yimen_host.payments.ledger.draft import Draft, Leg, post, transfer
from yimen_host.payments.ledger.rule import Posted
from yimen_host.payments.ledger.writer import Writer
from yimen_sdk.money import Money

WALLETS = 20_000
OPENING = Money(1_000_000_00)
PGBENCH_SCALE = 20
PGBENCH_SECONDS = 3

MakeDraft = Callable[[int], Draft]


def main() -> None:
    """Run the benchmark and print its figures, the last line as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--in-flight", type=int, default=64)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yimen-bench-", ignore_cleanup_errors=True) as directory:
        server = EmbeddedPostgres(Path(directory))
        server.start()
        try:
            figures = _measure(server, arguments.seconds, arguments.in_flight)
        finally:
            server.stop()
    print(json.dumps(figures))
    sys.exit(1 if figures["faults"] else 0)


def _measure(server: EmbeddedPostgres, seconds: float, in_flight: int) -> dict[str, object]:
    yardstick_db = server.database("yardstick", owner="yardstick")
    _pgbench(yardstick_db, "-i", "-q", "-s", str(PGBENCH_SCALE))
    address = server.database("bench", owner="bench")
    migrate(address.url)
    uvloop.run(_fund(address))
    runs: list[dict[str, float]] = []
    yards = [_yardstick(yardstick_db)]
    for make in (_uniform(), _hot()):
        runs.append(uvloop.run(_load(address, make, seconds, in_flight)))
        yards.append(_yardstick(yardstick_db))
    faults = uvloop.run(_audit(address))
    uniform, hot = runs
    ratio = uniform["per_second"] / ((yards[0] + yards[1]) / 2)
    return {
        "bench": "ledger",
        "ratio": round(ratio, 2),
        "p99_ms": round(uniform["p99_ms"], 2),
        "hot_ratio": round(hot["per_second"] / uniform["per_second"], 2),
        "in_flight": in_flight,
        "per_second": round(uniform["per_second"]),
        "p50_ms": round(uniform["p50_ms"], 2),
        "hot_per_second": round(hot["per_second"]),
        "hot_p99_ms": round(hot["p99_ms"], 2),
        "pgbench_tps": [round(y) for y in yards],
        "faults": faults,
    }


def _uniform() -> MakeDraft:
    choose = random.Random(7)
    names = [f"wallet:{n}" for n in range(WALLETS)]

    def make(number: int) -> Draft:
        debit, credit = choose.sample(names, 2)
        return transfer(f"uniform:{number}", "bench", debit=debit, credit=credit, amount=Money(1))

    return make


def _hot() -> MakeDraft:
    choose = random.Random(7)

    def make(number: int) -> Draft:
        debit = f"wallet:{choose.randrange(WALLETS)}"
        return transfer(f"hot:{number}", "bench", debit=debit, credit="merchant:hot:payable", amount=Money(1))

    return make


async def _load(address: Address, make: MakeDraft, seconds: float, in_flight: int) -> dict[str, float]:
    database = Database(address.url)
    writer = Writer(database, SystemClock())
    await writer.start()
    waits: list[float] = []
    numbers = iter(range(10**9))
    end = time.perf_counter() + seconds

    async def client() -> None:
        while (begin := time.perf_counter()) < end:
            outcome = await writer.post(make(next(numbers)))
            assert isinstance(outcome, Posted), outcome
            waits.append(time.perf_counter() - begin)

    begin = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(in_flight)))
    took = time.perf_counter() - begin
    await writer.stop()
    await database.close()
    cuts = quantiles(waits, n=100)
    return {"per_second": len(waits) / took, "p50_ms": cuts[49] * 1000, "p99_ms": cuts[98] * 1000}


async def _fund(address: Address) -> None:
    database = Database(address.url)
    writer = Writer(database, SystemClock())
    await writer.start()
    step = 25
    drafts = []
    for first in range(0, WALLETS, step):
        legs = [Leg(f"wallet:{n}", OPENING) for n in range(first, first + step)]
        drafts.append(post(f"fund:{first}", "bench", Leg("grants:bench", OPENING * -step), *legs))
    await asyncio.gather(*(writer.post(draft) for draft in drafts))
    await writer.stop()
    await database.close()


async def _audit(address: Address) -> list[str]:
    database = Database(address.url)
    async with database.transaction() as session:
        faults = await books.audit(session)
    await database.close()
    return faults


def _yardstick(address: Address) -> float:
    out = _pgbench(address, "-M", "prepared", "-c", "8", "-j", "2", "-T", str(PGBENCH_SECONDS))
    found = re.search(r"tps = ([\d.]+)", out)
    assert found, out
    return float(found[1])


def _pgbench(address: Address, *arguments: str) -> str:
    environment = {**os.environ, "PGPASSWORD": address.password}
    done = subprocess.run(
        [binary("pgbench"), "-h", str(address.socket_dir), "-U", address.user, *arguments, address.database],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


if __name__ == "__main__":
    main()
