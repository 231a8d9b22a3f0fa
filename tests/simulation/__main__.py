"""Live through many histories, or replay one: ``python -m tests.simulation --histories 10000`` or ``--seed 42``."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.ram import quick_place
from tests.simulation.run import Report, live
from yimen_host.core.embedded import EmbeddedPostgres


def main() -> None:
    """Print the report; exit with 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="replay this one and tell what happened in it")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes, each with its own database")
    asked = parser.parse_args()
    seeds = (
        range(asked.first, asked.first + asked.histories) if asked.seed is None else range(asked.seed, asked.seed + 1)
    )
    shares = [seeds[n :: asked.workers] for n in range(min(asked.workers, len(seeds)))]
    with tempfile.TemporaryDirectory(
        prefix="yimen-simulation-", dir=quick_place(), ignore_cleanup_errors=True
    ) as directory:
        server = EmbeddedPostgres(Path(directory), durable=False)
        server.start()
        try:
            urls = [server.database(f"simulation{n}", owner=f"simulation{n}").url for n in range(len(shares))]
            with ProcessPoolExecutor(len(shares), mp_context=get_context("spawn")) as workers:
                reports = list(workers.map(live, urls, shares))
        finally:
            server.stop()
    sys.exit(tell(reports, replayed=asked.seed))


def tell(reports: Sequence[Report], *, replayed: int | None) -> int:
    """Print what was broken, and one JSON object; the exit code."""
    broken = {seed: faults for report in reports for seed, faults in report.broken.items()}
    for seed, faults in sorted(broken.items()):
        print(f"seed {seed}:", *faults, sep="\n  ")
    if replayed is not None:
        print(*reports[0].traces.get(replayed, ["it breaks no promise"]), sep="\n")
    told = {
        name: sum(getattr(report, name) for report in reports) for name in ("histories", "crashes", "orders", "bills")
    }
    print(json.dumps({**told, "broken": len(broken), "seconds": round(max(report.seconds for report in reports), 1)}))
    return 1 if broken else 0


if __name__ == "__main__":
    main()
