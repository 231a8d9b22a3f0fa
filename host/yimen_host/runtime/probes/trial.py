"""Run probes in the calling process' confinement, each in a child of its own so that none hurts the next."""

import errno
import os
import signal
import sys
import traceback
from collections.abc import Iterable

from yimen_host.runtime.probes.probe import Decoys, Finding, Outcome, Probe

_CHILD_SECONDS = 5
_ABSENT = {
    errno.ENOSYS, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT, errno.EOPNOTSUPP, errno.ENODEV,
}  # fmt: skip


def run(probes: Iterable[Probe], decoys: Decoys) -> list[Finding]:
    """Try each attack; return what became of it."""
    return [_one(probe, decoys) for probe in probes]


def _one(probe: Probe, decoys: Decoys) -> Finding:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os._exit(_attack(probe, decoys, writer))
    os.close(writer)
    told = b""
    while piece := os.read(reader, 1024):
        told += piece
    os.close(reader)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGALRM:
        return Finding(probe.name, Outcome.BROKEN, "it did not end in time")
    if code < 0:
        return Finding(probe.name, Outcome.STOPPED, signal.Signals(-code).name)
    if code:
        kind, _, how = told.decode().partition(" ")
        return Finding(probe.name, Outcome(kind or Outcome.STOPPED), how)
    return Finding(probe.name, Outcome.OPEN, "")


def _attack(probe: Probe, decoys: Decoys, writer: int) -> int:
    """Return 0 when the attack succeeded, as a program that it runs would."""
    signal.alarm(_CHILD_SECONDS)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    try:
        probe.attack(decoys)
    except (OSError, MemoryError) as error:
        number = getattr(error, "errno", None) or errno.ENOMEM
        kind = Outcome.ABSENT if number in _ABSENT else Outcome.STOPPED
        os.write(writer, f"{kind} {errno.errorcode.get(number, number)}".encode())
        return 1
    except BaseException as error:  # noqa: BLE001  the outermost edge of the child: a probe that fails is told
        traceback.print_exc()
        sys.stderr.flush()
        os.write(writer, f"{Outcome.BROKEN} {type(error).__name__}: {error}".encode()[:500])
        return 1
    return 0
