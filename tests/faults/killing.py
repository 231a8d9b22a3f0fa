"""Kills PostgreSQL, or a process that posts, in mid-work, and compares what was said with what is there."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from tests.faults.poster import WALLETS

from yimen_host.core.clock import SystemClock
from yimen_host.core.database import Database
from yimen_host.core.embedded import EmbeddedPostgres
from yimen_host.core.schema import migrate
from yimen_host.payments.ledger import books
from yimen_host.payments.ledger.draft import transfer
from yimen_host.payments.ledger.writer import Writer
from yimen_sdk.money import yuan

ROOT = Path(__file__).parent.parent.parent
PATIENCE_SECONDS = 60.0


@dataclass
class Report:
    """What a series of kills came to."""

    kills: int = 0
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    recovery_seconds: list[float] = field(default_factory=list)


class Poster:
    """A posting process, and what it has said so far."""

    def __init__(self, address: str, name: str) -> None:
        self.said: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.poster", address, name],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def wait_for_more(self) -> None:
        """Wait until it says something new. Raises TimeoutError."""
        known, until = len(self.said), time.monotonic() + PATIENCE_SECONDS
        while len(self.said) == known:
            if time.monotonic() > until or self._process.poll() is not None:
                raise TimeoutError(f"no posting was acknowledged in {PATIENCE_SECONDS:.0f} seconds")
            time.sleep(0.005)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.endswith("\n"):  # the last one may have been cut
                self.said.append(line.strip())


def rounds(directory: Path, *, kills: int, seed: int) -> Report:
    """Kill a number of times, PostgreSQL and a poster in turn, then compare."""
    choose, report, said = random.Random(seed), Report(), []
    server = EmbeddedPostgres(directory)
    server.start()
    try:
        address = server.database("faults", owner="faults").url
        migrate(address)
        asyncio.run(_fund(address))
        poster = Poster(address, "p0")
        poster.wait_for_more()
        for number in range(1, kills + 1):
            time.sleep(choose.uniform(0.05, 0.5))
            began = time.monotonic()
            if number % 2:
                kill_server(directory)
                server.start()
            else:
                poster.kill()
                said += poster.said
                poster = Poster(address, f"p{number}")
            poster.wait_for_more()
            report.recovery_seconds.append(time.monotonic() - began)
            report.kills += 1
        poster.kill()
        said += poster.said
        report.acknowledged = len(said)
        report.lost, report.faults = asyncio.run(_compare(address, said))
    finally:
        server.stop()
    return report


def kill_server(directory: Path) -> None:
    """End an embedded server with all its processes at once."""
    main = int((directory / "data" / "postmaster.pid").read_text().splitlines()[0])
    everyone = [main, *children(main)]
    for pid in everyone:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while any(map(_alive, everyone)):
        time.sleep(0.005)


def children(parent: int) -> Iterator[int]:
    """The processes that a process has begun."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                    yield int(entry.name)


def _alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def _fund(address: str) -> None:
    database = Database(address)
    writer = Writer(database, SystemClock())
    await writer.start()
    for number in range(WALLETS):
        await writer.post(
            transfer(f"fund:{number}", "faults", debit="grants:faults", credit=f"wallet:w{number}", amount=yuan("9999"))
        )
    await writer.stop()
    await database.close()


async def _compare(address: str, said: list[str]) -> tuple[list[str], list[str]]:
    """What was acknowledged and is not there, and every fault of the books: a double effect would be one."""
    database = Database(address)
    async with database.transaction() as session:
        faults = await books.audit(session)
    await database.close()
    with psycopg.connect(address.replace("+psycopg", "")) as connection:
        there = {key for (key,) in connection.execute("SELECT key FROM yimen.journal_transaction")}
    return sorted(set(said) - there), faults
