"""Live through many histories, or replay one: ``python -m tests.simulation --histories 10000`` or ``--seed 42``."""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from pathlib import Path

from tests.simulation.run import audit, run
from yimen_host.core.embedded import EmbeddedPostgres
from yimen_host.core.schema import migrate


def main() -> None:
    """Print the report; exit with 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="replay this one and tell what happened in it")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)  # a process that dies complains of nothing
    seeds = range(asked.first, asked.first + asked.histories) if asked.seed is None else [asked.seed]
    with tempfile.TemporaryDirectory(prefix="yimen-simulation-", ignore_cleanup_errors=True) as directory:
        server = EmbeddedPostgres(Path(directory), durable=False)
        server.start()
        try:
            url = server.database("simulation", owner="simulation").url
            migrate(url)
            report = asyncio.run(run(url, seeds))
            faults = asyncio.run(audit(url))
        finally:
            server.stop()
    for seed, broken in report.broken.items():
        print(f"seed {seed}:", *broken, sep="\n  ")
    if asked.seed is not None:
        print(*report.traces.get(asked.seed, ["it breaks no promise"]), sep="\n")
    print(*faults, sep="\n", end="" if not faults else "\n")
    told = {"histories": report.histories, "broken": len(report.broken), "crashes": report.crashes}
    print(json.dumps({**told, "orders": report.orders, "audit": len(faults), "seconds": round(report.seconds, 1)}))
    sys.exit(1 if report.broken or faults else 0)


if __name__ == "__main__":
    main()
