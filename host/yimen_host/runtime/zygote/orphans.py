"""End what a worker leaves behind where no process namespace does it: the zygote becomes the parent of orphans."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress

_MOST_ROUNDS = 200
"""Each ends every orphan there is; more rounds are only needed when orphans fork meanwhile, up to their limit."""


def end_group(leader: int) -> None:
    """End the process group of a worker that has ended and was not waited for yet: its number is still its own.

    The kernel signals a group at once, so that a chain of processes, each gone before it is found, ends with it. No
    worker may leave its group: the allow-list of system calls has neither setsid nor setpgid.
    """
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def end(living: Iterable[int]) -> None:
    """End every child of this process that is not a living worker, and what they leave in turn."""
    workers = frozenset(living)
    for _ in range(_MOST_ROUNDS):
        orphans = _children(os.getpid()) - workers
        if not orphans:
            return
        for number in (signal.SIGSTOP, signal.SIGKILL):  # stopped first, so that none forks while others are ended
            for orphan in orphans:
                with suppress(ProcessLookupError):
                    os.kill(orphan, number)
        for orphan in orphans:
            with suppress(ChildProcessError):
                os.waitpid(orphan, 0)


def _children(parent: int) -> frozenset[int]:
    return frozenset(int(name) for name in os.listdir("/proc") if name.isdigit() and _parent(name) == parent)


def _parent(process: str) -> int | None:
    try:
        with open(f"/proc/{process}/stat", "rb") as stat:
            return int(stat.read().rpartition(b")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None
