"""What a release writes to its output: kept by line, escaped, limited by the minute. It is data, never a command."""

import time
from collections import deque
from collections.abc import Callable

from yimen_host.runtime.sandbox.confinement import Limits

KEPT_LINES = 400
_LONGEST_LINE = 2000
_MINUTE = 60.0


class ReleaseLog:
    """The last lines of one release."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._clock = clock
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._partial = b""
        self._minute_began = clock()
        self._lines_in_minute = self._bytes_in_minute = 0
        self._dropped = 0

    @property
    def is_full(self) -> bool:
        """Whether more of this minute would be dropped."""
        return self._lines_in_minute >= self.limits.log_lines or self._bytes_in_minute >= self.limits.log_bytes

    def feed(self, data: bytes) -> None:
        """Take what the release wrote."""
        self._turn()
        *whole, partial = (self._partial + data).split(b"\n") if not self.is_full else self._drop(data)
        for line in whole:
            self._keep(line)
        if len(partial) > _LONGEST_LINE:
            self._keep(partial)
            partial = b""
        self._partial = partial

    def note(self, sentence: str) -> None:
        """Add a line of the supervisor's own, recognisable by its mark; a release cannot write one."""
        self._lines.append(f"* {sentence}")

    def tail(self, lines: int) -> list[str]:
        """Return the last lines, oldest first, and how many of the present minute were dropped."""
        told = [*self._lines, *([self._losses()] if self._dropped else [])]
        return told[-lines:] if lines > 0 else []

    def _turn(self) -> None:
        """Begin a new minute when it is time, and say what the one before lost."""
        now = self._clock()
        if now - self._minute_began < _MINUTE:
            return
        if self._dropped:
            self._lines.append(self._losses())
        self._minute_began, self._dropped = now, 0
        self._lines_in_minute = self._bytes_in_minute = 0

    def _drop(self, data: bytes) -> list[bytes]:
        """Count the lines without making them, so that a flood costs little; return the beginning of the next."""
        count = data.count(b"\n")
        self._dropped += count
        rest = data.rpartition(b"\n")[2] if count else self._partial + data
        return [rest[:_LONGEST_LINE]]

    def _keep(self, line: bytes) -> None:
        if self.is_full:
            self._dropped += 1
            return
        line = line[:_LONGEST_LINE]
        self._lines_in_minute += 1
        self._bytes_in_minute += len(line)
        self._lines.append(f"  {_harmless(line)}")

    def _losses(self) -> str:
        limit = f"{self.limits.log_lines} lines and {self.limits.log_bytes} bytes a minute"
        return f"* {self._dropped} lines over the limit of {limit} were dropped"


def _harmless(line: bytes) -> str:
    """Decode, and show control characters instead of sending them to a terminal."""
    text = line.decode(errors="backslashreplace")
    return "".join(
        char if char.isprintable() or char == "\t" else char.encode("unicode_escape").decode() for char in text
    )
