"""What a release writes to its output: kept by line, escaped, limited by the minute. It is data, never a command."""

import time
from collections import deque
from collections.abc import Callable

KEPT_LINES = 400
_LONGEST_LINE = 2000
_MINUTE = 60.0


class ReleaseLog:
    """The last lines of one release."""

    def __init__(self, lines_a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = lines_a_minute
        self._clock = clock
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._partial = b""
        self._minute_began = clock()
        self._in_minute = 0
        self._dropped = 0

    def feed(self, data: bytes) -> None:
        """Take what the release wrote."""
        *whole, self._partial = (self._partial + data).split(b"\n")
        for line in whole:
            self._keep(line)
        if len(self._partial) > _LONGEST_LINE:
            self._keep(self._partial)
            self._partial = b""

    def note(self, sentence: str) -> None:
        """Add a line of the supervisor's own, recognisable by its mark; a release cannot write one."""
        self._lines.append(f"* {sentence}")

    def tail(self, lines: int) -> list[str]:
        """Return the last lines, oldest first, and how many of the present minute were dropped."""
        told = [*self._lines, *([self._losses()] if self._dropped else [])]
        return told[-lines:] if lines > 0 else []

    def _keep(self, line: bytes) -> None:
        now = self._clock()
        if now - self._minute_began >= _MINUTE:
            if self._dropped:
                self._lines.append(self._losses())
            self._minute_began, self._in_minute, self._dropped = now, 0, 0
        if self._in_minute >= self._limit:
            self._dropped += 1
            return
        self._in_minute += 1
        self._lines.append(f"  {_harmless(line[:_LONGEST_LINE])}")

    def _losses(self) -> str:
        return f"* {self._dropped} lines over the limit of {self._limit} a minute were dropped"


def _harmless(line: bytes) -> str:
    """Decode, and show control characters instead of sending them to a terminal."""
    text = line.decode(errors="backslashreplace")
    return "".join(
        char if char.isprintable() or char == "\t" else char.encode("unicode_escape").decode() for char in text
    )
