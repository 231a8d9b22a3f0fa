"""What the benchmarks share: programs with a known lifetime, load, processor time, and the one line of the result."""

import contextlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
_TICKS = os.sysconf("SC_CLK_TCK")
_WRK = re.compile(r"^\s+(?:50|99)%\s+([\d.]+)(us|ms|s)$", re.MULTILINE)
_FAILED = re.compile(r"(?:Non-2xx or 3xx responses|connect|read|write|timeout):? (\d+)")


def conclude(bench: str, *, ratio: float, **figures: Any) -> None:  # figures are whatever JSON can say
    """Print the result: the last line is one JSON object."""
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items()}
    load = [round(value, 2) for value in os.getloadavg()]
    print(json.dumps({"bench": bench, "ratio": round(ratio, 3), **rounded, "load": load}))


@contextlib.contextmanager
def program(*arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python program of ours for as long as the block lasts."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """Return a TCP port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, *, seconds: float = 20.0) -> None:
    """Wait until somebody accepts on a port of loopback."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")


@dataclass(frozen=True)
class Load:
    """What one burst of requests came to."""

    rate: float
    """Requests a second."""
    p50_ms: float
    p99_ms: float
    failed: int
    cpu_us: float
    """Processor time of the watched processes, for one request."""


def load(url: str, *, headers: Mapping[str, str], connections: int, seconds: float, watched: Sequence[int]) -> Load:
    """Send GET requests from another process: with wrk where there is one, else with a generator of ours."""
    before = processor_seconds(watched)
    generate = _wrk if shutil.which("wrk") else _own
    result = generate(url, headers, connections, seconds)
    used = processor_seconds(watched) - before
    rate, p50, p99, failed, requests = result
    return Load(rate, p50, p99, failed, used / max(1, requests) * 1e6)


def processor_seconds(processes: Sequence[int]) -> float:
    """Return user and system time of the processes so far."""
    total = 0
    for pid in processes:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def proportional_memory(processes: Sequence[int]) -> float:
    """Return the processes' proportional set size together, in MiB."""
    kib = 0
    for pid in processes:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                kib += int(line.split()[1])
    return kib / 1024


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


Result = tuple[float, float, float, int, int]


def _wrk(url: str, headers: Mapping[str, str], connections: int, seconds: float) -> Result:
    given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    text = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", *given, url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rate = float(_one(r"Requests/sec:\s+([\d.]+)", text))
    requests = int(_one(r"(\d+) requests in", text))
    p50, p99 = (float(value) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit] for value, unit in _WRK.findall(text))
    failed = sum(int(count) for count in _FAILED.findall(text))
    return rate, p50, p99, failed, requests


def _own(url: str, headers: Mapping[str, str], connections: int, seconds: float) -> Result:
    given = json.dumps([url, dict(headers), connections, seconds])
    text = subprocess.run(
        [sys.executable, "-m", "bench.generator", given], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    rate, p50, p99, failed, requests = json.loads(text)
    return rate, p50, p99, failed, requests


def _one(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if not found:
        raise ValueError(f"wrk said nothing like {pattern}:\n{text}")
    return found[1]
