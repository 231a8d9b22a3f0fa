"""How much a mini-app keeps in its data directory, measured by walking it: works everywhere, and follows no link."""

import os
from dataclasses import dataclass
from pathlib import Path

from yimen_host.runtime.sandbox.confinement import Limits

LOOK_SECONDS = 1.0
"""Between two walks while it runs; a walk that takes long makes the pause longer."""
SHARE = 0.02
"""Of one processor, that walking may use at most."""
_BLOCK = 512


@dataclass(frozen=True)
class Usage:
    """What was found; counting ends as soon as a limit is passed."""

    bytes: int
    files: int

    def is_full(self, limits: Limits) -> bool:
        """Whether it holds more bytes than it may."""
        return self.bytes > limits.disk

    def is_crowded(self, limits: Limits) -> bool:
        """Whether it holds more files than it may."""
        return self.files > limits.files


def usage(directory: Path, limits: Limits) -> Usage:
    """Measure what lies below a directory: blocks really used, so that sparse files count for what they hold."""
    size = files = 0
    waiting = [os.fspath(directory)]
    while waiting and size <= limits.disk and files <= limits.files:
        try:
            entries = os.scandir(waiting.pop())
        except OSError:
            continue  # it was removed meanwhile
        with entries:
            for entry in entries:
                files += 1
                try:
                    size += entry.stat(follow_symlinks=False).st_blocks * _BLOCK
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                except OSError:
                    continue
                if size > limits.disk or files > limits.files:
                    break
    return Usage(size, files)
