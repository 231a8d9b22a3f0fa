"""Version 2 of control groups: makes the supervisor's own group one that other groups may be made in.

The kernel lets a group either hold processes or hand controllers down, so the processes of the service, ours among
them, move into a leaf first, as systemd's page on delegation asks for (CGROUP_DELEGATION).
"""

import contextlib
import errno
import os
from pathlib import Path

from yimen_host.runtime.sandbox.reasons import GROUP_OF_SYSTEMD, GROUP_REFUSED, NOT_HANDED_DOWN
from yimen_sdk.saying import Said

LEAF = "yimen-service"
"""Where the service's own processes go."""
NEEDED = ("memory", "pids")
WANTED = (*NEEDED, "cpu")
_TRIES = 20  # a process may fork while it is moved
_DELEGATED = ("user.delegate", "trusted.delegate")  # systemd's marks, the first since version 251
_UNITS = (".service", ".scope", ".slice")


class NotDelegated(Exception):
    """No groups can be made here."""

    def __init__(self, why: Said) -> None:
        super().__init__(why.message)
        self.why = why


def delegated(own: Path) -> Path:
    """Return the group below which groups can be made: the one this process is in, or that above its leaf.

    Raises NotDelegated.
    """
    if own.name == LEAF and set(NEEDED) <= _words(own.parent / "cgroup.subtree_control"):
        return own.parent
    offered = _words(own / "cgroup.controllers")
    if lacking := [name for name in NEEDED if name not in offered]:
        raise NotDelegated(NOT_HANDED_DOWN.said(controllers=", ".join(lacking), group=own))
    wanted = [name for name in WANTED if name in offered]
    if set(wanted) <= _words(own / "cgroup.subtree_control"):
        return own
    if own.name.endswith(_UNITS) and not _is_marked(own):
        raise NotDelegated(GROUP_OF_SYSTEMD.said(unit=own.name))
    try:
        _hand_down(own, " ".join(f"+{name}" for name in wanted))
    except OSError as error:
        raise NotDelegated(GROUP_REFUSED.said(group=own, how=error.strerror)) from error
    return own


def _hand_down(own: Path, controllers: str) -> None:
    """Empty the group until the kernel lets its controllers be handed down."""
    for left in reversed(range(_TRIES)):
        try:
            (own / "cgroup.subtree_control").write_text(controllers)
        except OSError as error:
            if error.errno != errno.EBUSY or not left:
                raise
            _move_all(own, own / LEAF)
        else:
            return


def _move_all(own: Path, leaf: Path) -> None:
    leaf.mkdir(exist_ok=True)
    for pid in (own / "cgroup.procs").read_text().split():
        with contextlib.suppress(ProcessLookupError):  # it has ended
            (leaf / "cgroup.procs").write_text(pid)


def _is_marked(own: Path) -> bool:
    """Whether systemd said that this group is ours: by a mark, or by giving it to our user."""
    for mark in _DELEGATED:
        with contextlib.suppress(OSError):
            return os.getxattr(own, mark) == b"1"
    return own.stat().st_uid == os.getuid() != 0


def _words(file: Path) -> set[str]:
    try:
        return set(file.read_text().split())
    except OSError:
        return set()
