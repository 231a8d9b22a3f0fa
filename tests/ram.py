"""Where a test's database lies: in memory where there is enough, since a test copies a database of 600 files."""

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")  # of Linux; mkdtemp makes a private directory in it
ENOUGH = 3 * 1024**3  # bytes: journal, and the databases of all workers, several times over


def quick_place() -> Path | None:
    """Return the directory for files that nobody keeps, or None for the usual one."""
    usable = os.access(MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(MEMORY).free >= ENOUGH
    return MEMORY if usable else None
