"""A machine's processes tell one another what they counted, on unix sockets that only their account reaches."""

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from yimen_host.runtime.metrics.counts import Counts, counts_json
from yimen_host.runtime.turn import Turn

ANSWER_SECONDS = 2.0
"""Telling takes no waiting: who does not answer within this stands still."""


@dataclass(frozen=True)
class Told:
    """What the processes said, and the names of those that did not."""

    counts: tuple[Counts, ...] = ()
    silent: tuple[str, ...] = ()


def directory(run_dir: Path) -> Path:
    """Where the sockets are."""
    return run_dir / "counts"


class Telling:
    """Tells this process's counts to whoever asks, under a name that the next process of its kind takes over."""

    def __init__(self, run_dir: Path, kind: str, counts: Callable[[str], Counts]) -> None:
        self._directory = directory(run_dir)
        self._kind = kind
        self._counts = counts
        self._server: asyncio.Server | None = None
        self._turn: Turn | None = None

    async def start(self) -> str:
        """Take the first free name, such as host-2, and answer. Return the name."""
        name = next(name for number in itertools.count(1) if self._is_mine(name := f"{self._kind}-{number}"))
        path = self._directory / f"{name}.sock"
        path.unlink(missing_ok=True)

        async def tell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError):
                writer.write(counts_json.dump_json(self._counts(name)))
                await writer.drain()
            writer.close()

        self._server = await asyncio.start_unix_server(tell, path)
        path.chmod(0o600)
        return name

    async def stop(self) -> None:
        """Answer no more, and give the name free."""
        if self._server is not None:
            self._server.close()
        if self._turn is not None:
            self._turn.let_go()
            self._turn = None

    def _is_mine(self, name: str) -> bool:
        turn = Turn(self._directory / f"{name}.lock")
        if turn.is_ours():
            self._turn = turn
            return True
        turn.let_go()
        return False


async def told(run_dir: Path) -> Told:
    """Ask every process of this machine; one that ended is passed over."""
    answers = await asyncio.gather(*(_ask(place) for place in sorted(directory(run_dir).glob("*.sock"))))
    return Told(
        tuple(counts for answer in answers for counts in answer.counts),
        tuple(name for answer in answers for name in answer.silent),
    )


async def _ask(place: Path) -> Told:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_unix_connection(place)
            try:
                return Told((counts_json.validate_json(await reader.read()),))
            finally:
                writer.close()
    except (FileNotFoundError, ConnectionRefusedError):
        return Told()
    except (TimeoutError, OSError, ValidationError):
        return Told(silent=(place.stem,))
