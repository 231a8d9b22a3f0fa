"""Transfers posted per second, as a ratio to ``pgbench -M prepared -c 8`` (TPC-B) on the same server in the same run.

    python -m bench.ledger [--seconds 2] [--in-flight 64] [--rounds 5]

Uniform: each transfer goes from one of 20,000 wallets to another. Hot: all of them credit one merchant. PostgreSQL has
fsync on. Rounds of pgbench, uniform and hot follow one another, each uniform run is compared with the pgbench before
and after it, and the medians count: on a machine with other work a burst of it spoils a round and not the result.
Over HTTP: the ledger's post route of the test build against a route of the same process that reads and answers JSON.
Each run ends with the ledger's own audit; a fault in it is a failed benchmark.
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
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median, quantiles

import uvloop

from bench.measure import ROOT, conclude, free_port, program, wait_for_port
from yimen_host.cli.serving import seldom_look_for_cycles
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
ONE = Money(1)
PGBENCH_SCALE = 20
PGBENCH_SECONDS = 2
HTTP_ROUNDS = 3

MakeDraft = Callable[[int], Draft]


@dataclass(frozen=True)
class Run:
    """What one burst of postings came to."""

    per_second: float
    p50_ms: float
    p99_ms: float


def main() -> None:
    """Run the benchmark and print its figures, the last line as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yimen-bench-", ignore_cleanup_errors=True) as directory:
        server = EmbeddedPostgres(Path(directory))
        server.start()
        try:
            faults = _measure(server, arguments.seconds, arguments.in_flight, arguments.rounds)
        finally:
            server.stop()
    sys.exit(1 if faults else 0)


def _measure(server: EmbeddedPostgres, seconds: float, in_flight: int, rounds: int) -> list[str]:
    yardstick_db = server.database("yardstick", owner="yardstick")
    pgbench(yardstick_db, "-i", "-q", "-s", str(PGBENCH_SCALE))
    address = server.database("bench", owner="bench")
    migrate(address.url)
    yards, uniform, hot = uvloop.run(_rounds(yardstick_db, address, seconds, in_flight, rounds))
    plain, posted = _over_http(address, seconds, in_flight)
    faults = uvloop.run(_audit(address))
    conclude(
        "ledger",
        ratio=median(2 * run.per_second / (yards[n] + yards[n + 1]) for n, run in enumerate(uniform)),
        p99_ms=median(run.p99_ms for run in uniform),
        hot_ratio=median(h.per_second / u.per_second for u, h in zip(uniform, hot, strict=True)),
        http_ratio=median(p.per_second / e.per_second for e, p in zip(plain, posted, strict=True)),
        in_flight=in_flight,
        per_second=[round(run.per_second) for run in uniform],
        p50_ms=median(run.p50_ms for run in uniform),
        hot_per_second=[round(run.per_second) for run in hot],
        hot_p99_ms=median(run.p99_ms for run in hot),
        pgbench_tps=[round(yard) for yard in yards],
        http_per_second=[round(run.per_second) for run in posted],
        http_p99_ms=median(run.p99_ms for run in posted),
        empty_per_second=[round(run.per_second) for run in plain],
        faults=faults,
    )
    return faults


async def _rounds(
    yardstick_db: Address, address: Address, seconds: float, in_flight: int, rounds: int
) -> tuple[list[float], list[Run], list[Run]]:
    database = Database(address.url)
    writer = Writer(database, SystemClock())
    await writer.start()
    await _fund(writer)
    make_uniform, make_hot = _uniform(), _hot()
    await _load(writer, make_uniform, 1.0, in_flight)  # connections, plans and names are there, as in a running host
    seldom_look_for_cycles()  # as the host does
    yards = [await asyncio.to_thread(yardstick, yardstick_db)]
    uniform, hot = [], []
    for _ in range(rounds):
        uniform.append(await _load(writer, make_uniform, seconds, in_flight))
        yards.append(await asyncio.to_thread(yardstick, yardstick_db))
        hot.append(await _load(writer, make_hot, seconds, in_flight))
    await writer.stop()
    await database.close()
    return yards, uniform, hot


def _uniform() -> MakeDraft:
    choose = random.Random(7)
    names = [f"wallet:{n}" for n in range(WALLETS)]
    pairs = [tuple(choose.sample(names, 2)) for _ in range(50_000)]  # drawn beforehand: pgbench's dice are C

    def make(number: int) -> Draft:
        debit, credit = pairs[number % len(pairs)]
        return transfer(f"uniform:{number}", "bench", debit=debit, credit=credit, amount=ONE)

    return _numbered(make)


def _hot() -> MakeDraft:
    choose = random.Random(7)
    names = [f"wallet:{choose.randrange(WALLETS)}" for _ in range(50_000)]

    def make(number: int) -> Draft:
        debit = names[number % len(names)]
        return transfer(f"hot:{number}", "bench", debit=debit, credit="merchant:hot:payable", amount=ONE)

    return _numbered(make)


def _numbered(make: MakeDraft) -> MakeDraft:
    numbers = count()
    return lambda _: make(next(numbers))


async def _load(writer: Writer, make: MakeDraft, seconds: float, in_flight: int) -> Run:
    waits: list[float] = []
    end = time.perf_counter() + seconds

    async def client(number: int) -> None:
        while (begin := time.perf_counter()) < end:
            outcome = await writer.post(make(number))
            assert isinstance(outcome, Posted), outcome
            waits.append(time.perf_counter() - begin)

    begin = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(in_flight)))
    took = time.perf_counter() - begin
    cuts = quantiles(waits, n=100)
    return Run(len(waits) / took, cuts[49] * 1000, cuts[98] * 1000)


async def _fund(writer: Writer) -> None:
    step = 25
    drafts = []
    for first in range(0, WALLETS, step):
        legs = [Leg(f"wallet:{n}", OPENING) for n in range(first, first + step)]
        drafts.append(post(f"fund:{first}", "bench", Leg("grants:bench", OPENING * -step), *legs))
    await asyncio.gather(*(writer.post(draft) for draft in drafts))


def _over_http(address: Address, seconds: float, in_flight: int) -> tuple[list[Run], list[Run]]:
    port = free_port()
    plain, posted = [], []
    with program("-m", "bench.posting.server", str(port), address.url):
        wait_for_port(port)
        _clients(port, "/_lck/post", in_flight, 2.0, "warm")
        for number in range(HTTP_ROUNDS):
            plain.append(_clients(port, "/empty", in_flight, seconds, "none"))
            posted.append(_clients(port, "/_lck/post", in_flight, seconds, f"round{number}"))
    return plain, posted


def _clients(port: int, path: str, clients: int, seconds: float, keys: str) -> Run:
    given = (str(port), path, str(clients), str(seconds), keys)
    done = subprocess.run(
        [sys.executable, "-m", "bench.posting.clients", *given], cwd=ROOT, capture_output=True, text=True, check=True
    )
    per_second, p50, p99, failed = json.loads(done.stdout)
    if failed:
        raise SystemExit(f"{failed} requests to {path} failed")
    return Run(per_second, p50, p99)


async def _audit(address: Address) -> list[str]:
    database = Database(address.url)
    async with database.transaction() as session:
        faults = await books.audit(session)
    await database.close()
    return faults


def yardstick(address: Address) -> float:
    """Run pgbench for a moment and tell its transactions per second."""
    out = pgbench(address, "-M", "prepared", "-c", "8", "-j", "2", "-T", str(PGBENCH_SECONDS))
    found = re.search(r"tps = ([\d.]+)", out)
    assert found, out
    return float(found[1])


def pgbench(address: Address, *arguments: str) -> str:
    """Run pgbench on a database and tell what it printed."""
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
