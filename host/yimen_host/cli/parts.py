"""The processes of a host: begun in order, begun again when one dies, stopped in the opposite order."""

import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STOP_SECONDS = 15.0
MOST_DEATHS = 5
DEATHS_SECONDS = 60.0
"""A part that dies more often than so many times in so long is not begun again: something is wrong with it."""


@dataclass
class Part:
    """One process of the host, and how to begin it again."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] | None = None
    aloud: bool = False
    hand: socket.socket | None = None
    deaths: list[float] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start the process. It writes to its log, or, when it is ``aloud``, to the terminal."""
        with self.log.open("ab") as log:
            out = None if self.aloud else log
            # A session of its own: Ctrl-C is for the conductor, which stops the parts in order.
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=self.environment,
                start_new_session=True,
                pass_fds=[self.hand.fileno()] if self.hand else [],
            )

    @property
    def ended(self) -> bool:
        """Whether the process is no more."""
        return self._process is None or self._process.poll() is not None

    def stop(self) -> None:
        """End the process: kindly at first."""
        if self._process is None or self.ended:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def dies_too_often(self) -> bool:
        """Note one more death, and tell whether they were too many."""
        now = time.monotonic()
        self.deaths = [at for at in self.deaths if now - at < DEATHS_SECONDS] + [now]
        return len(self.deaths) > MOST_DEATHS


class Parts:
    """All of them. What stands on another part is begun after it, and begun again with it."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._stands_on: dict[str, str] = {}

    def begin(self, part: Part, *, stands_on: str | None = None) -> None:
        """Begin a part. ``stands_on`` names one whose death it does not survive."""
        part.begin()
        self._parts.append(part)
        if stands_on is not None:
            self._stands_on[part.name] = stands_on

    def ended(self) -> Part | None:
        """A part that has ended by itself."""
        return next((part for part in self._parts if part.ended), None)

    def begin_again(self, part: Part) -> bool:
        """Begin a part again that has ended, with all that stand on it; False when it dies too often."""
        if part.dies_too_often():
            return False
        part.begin()
        for other in self._parts:
            if self._stands_on.get(other.name) == part.name:
                other.stop()
                other.begin()
        return True

    def stop(self) -> None:
        """Stop all, the last first."""
        for part in reversed(self._parts):
            part.stop()
