"""Live through many histories, or replay one: ``python -m tests.simulation --histories 10000`` or ``--seed 42``."""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

from tests.ram import quick_place
from tests.simulation.run import Report, live, prepare
from yimen_host.core.embedded import EmbeddedPostgres

CHAPTER = 200  # at most
"""Histories on one database: few enough that none pays for what those before it left."""


def main() -> None:
    """Print the report; exit with 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="replay this one and tell what happened in it")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes")
    asked = parser.parse_args()
    first, count = (asked.first, asked.histories) if asked.seed is None else (asked.seed, 1)
    length = min(CHAPTER, -(-count // asked.workers))
    chapters = [range(n, min(n + length, first + count)) for n in range(first, first + count, length)]
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(
        prefix="yimen-simulation-", dir=quick_place(), ignore_cleanup_errors=True
    ) as directory:
        server = EmbeddedPostgres(Path(directory), durable=False)
        superuser = server.start().conninfo
        try:
            template = server.database("simulation", owner="simulation")
            prepare(template.url)
            with ProcessPoolExecutor(asked.workers, mp_context=get_context("spawn")) as workers:
                reports = list(workers.map(live, repeat(superuser), repeat(template), chapters))
        finally:
            server.stop()
    sys.exit(tell(reports, replayed=asked.seed, seconds=time.perf_counter() - began))


def tell(reports: Sequence[Report], *, replayed: int | None, seconds: float) -> int:
    """Print what was broken, and one JSON object; the exit code."""
    broken = {seed: faults for report in reports for seed, faults in report.broken.items()}
    for seed, faults in sorted(broken.items()):
        print(f"seed {seed}:", *faults, sep="\n  ")
    if replayed is not None:
        print(*reports[0].traces.get(replayed, ["it breaks no promise"]), sep="\n")
    counted = ("histories", "crashes", "orders", "bills", "payouts", "differences")
    told = {name: sum(getattr(report, name) for report in reports) for name in counted}
    print(json.dumps({**told, "broken": len(broken), "seconds": round(seconds, 1)}))
    return 1 if broken else 0


if __name__ == "__main__":
    main()
