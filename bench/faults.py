"""Kills what runs fifty times in mid-load: what is lost, what is double, how long it takes.

    python -m bench.faults [--kills 50] [--seed 1]

Half of the kills hit PostgreSQL and a process that posts to the ledger as fast as it can; the other half hit a whole
running host with customers at its pages: host, jobs worker, supervisor and PostgreSQL in turn. ``recovery_s`` is the
time from a kill to the first payment that was begun after it and acknowledged. Losing anything is a failed benchmark.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.faults.killing import rounds
from tests.faults.whole import whole_rounds

from bench.measure import conclude, median


def main() -> None:
    """Run the benchmark and print its figures, the last line as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yimen-faults-", ignore_cleanup_errors=True) as directory:
        posting = rounds(Path(directory), kills=arguments.kills // 2, seed=arguments.seed)
    with tempfile.TemporaryDirectory(prefix="yimen-faults-", ignore_cleanup_errors=True) as directory:
        kills = arguments.kills - posting.kills
        whole = asyncio.run(whole_rounds(Path(directory), kills=kills, seed=arguments.seed))
    faults = [*posting.lost, *posting.faults, *whole.lost, *whole.faults]
    conclude(
        "faults",
        ratio=0.0 if faults else 1.0,
        kills=posting.kills + whole.kills,
        postings=posting.acknowledged,
        payments=whole.acknowledged,
        faults=faults,
        posting_recovery_s=median(posting.recovery_seconds),
        posting_recovery_max_s=max(posting.recovery_seconds),
        recovery_s=median(whole.recovery_seconds),
        recovery_max_s=max(whole.recovery_seconds),
    )
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
