"""Kills PostgreSQL and a posting process fifty times in mid-load: what is lost, what is double, how long it takes.

    python -m bench.faults [--kills 50] [--seed 1]

``recovery_s`` is the time from the kill to the first acknowledged posting: after a poster's death it contains the start
of a Python process. Losing anything is a failed benchmark.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.faults.killing import rounds

from bench.measure import conclude, median


def main() -> None:
    """Run the benchmark and print its figures, the last line as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yimen-faults-", ignore_cleanup_errors=True) as directory:
        report = rounds(Path(directory), kills=arguments.kills, seed=arguments.seed)
    conclude(
        "faults",
        ratio=1.0 if not report.lost and not report.faults else 0.0,
        kills=report.kills,
        acknowledged=report.acknowledged,
        lost=report.lost,
        faults=report.faults,
        recovery_s=median(report.recovery_seconds),
        recovery_max_s=max(report.recovery_seconds),
    )
    sys.exit(1 if report.lost or report.faults else 0)


if __name__ == "__main__":
    main()
