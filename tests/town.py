"""A whole host, started as an operator starts it: one for all tests that need it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

READY_SECONDS = 90


@dataclass(frozen=True)
class Town:
    """A running demo host."""

    origin: str
    port: int
    biller: str
    metrics: str
    """Where its numbers are."""
    var: Path
    pid: int
    """The conductor, whose children are the parts."""

    def app(self, app_id: str) -> str:
        """The origin of a mini-app."""
        return f"http://{app_id}.localhost:{self.port}"

    def faults(self) -> str:
        """What the host logged as its own fault."""
        log = (self.var / "log" / "host.log").read_text()
        return "\n".join(part[:3000] for part in log.split("\n20") if " ERROR " in part[:60])


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One host with the demo, for all tests that change nothing for the others."""
    with founded(tmp_path_factory.mktemp("town")) as running:
        yield running


@contextlib.contextmanager
def founded(var: Path, **settings: str) -> Iterator[Town]:
    """Start everything with one command, on free ports, and stop it as Ctrl-C does."""
    port, biller, metrics = free_port(), free_port(), f"127.0.0.1:{free_port()}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("YIMEN_")},
        "YIMEN_DEMO": "1", "YIMEN_VAR": str(var), "YIMEN_PORT": str(port), "YIMEN_BILLER_PORT": str(biller),
        "YIMEN_CHANNELS_PORT": str(free_port()), "YIMEN_METRICS": metrics, **settings,
    }  # fmt: skip
    command = [sys.executable, "-m", "yimen_host.cli", "run"]
    output = var / "run.out"
    with output.open("wb") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while "Ctrl-C stops everything" not in output.read_text():
            assert process.poll() is None, output.read_text()
            assert time.monotonic() < deadline, output.read_text()
            time.sleep(0.1)
        origin = settings.get("YIMEN_PORTAL_URL", f"http://localhost:{port}")
        yield Town(origin, port, f"http://127.0.0.1:{biller}", f"http://{metrics}/metrics", var, process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def free_port() -> int:
    """A port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
