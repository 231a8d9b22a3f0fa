"""Misbehaviour that only the outside feels: the log, the listening socket, the order to end. Here is what is done.

What came of it is judged by the supervisor, in its module of the same name. Each ends the worker or keeps it for ever.
"""

import os
import signal
import socket
import time
from contextlib import suppress

from yimen_host.runtime.probes.probe import Decoys, nuisance
from yimen_host.runtime.sandbox.guards import Guard
from yimen_host.runtime.sandbox.layers import Layer
from yimen_host.runtime.zygote.orders import ALIVE

LOG, LISTENER, CHANNEL = 2, 3, 4
LAST_LINE = b"that was all\n"
STOLEN = b"still here"
_FLOOD_LINES = 20_000
_BREATH_SECONDS = 0.05
_CHAIN_SECONDS = 15
"""Longer than anybody looks, and it keeps a processor busy."""
_FOREVER_SECONDS = 60
"""Longer than anybody looks; nothing stays behind when a test itself fails."""


@nuisance(Guard.LOG)
def flood_log(decoys: Decoys) -> None:
    """Write more lines than the log keeps of it."""
    _see_off_visitor()
    for number in range(_FLOOD_LINES // 100):
        _say(b"x" * 80 + b" %d\n" % number, times=100)


@nuisance(Guard.LOG)
def forge_log_record(decoys: Decoys) -> None:
    """Write a line that looks as if the supervisor had written it."""
    _see_off_visitor()
    _say(b"* quarantined: forged\n" + LAST_LINE)


@nuisance(Guard.LOG)
def drive_terminal_by_log(decoys: Decoys) -> None:
    """Send commands to the terminal of who reads its log."""
    _see_off_visitor()
    _say(b"\x1b[2J\x1b]0;owned\x07\n" + LAST_LINE)


@nuisance(Guard.LISTENER)
def shut_listener(decoys: Decoys) -> None:
    """Shut down the socket it was lent, so that nobody is ever served again."""
    _see_off_visitor()
    with socket.socket(fileno=LISTENER) as listener:
        listener.shutdown(socket.SHUT_RDWR)


@nuisance(Layer.PID, Guard.REAPER)
def outlive_own_end(decoys: Decoys) -> None:
    """Leave a process behind that goes on taking visitors."""
    _see_off_visitor()
    parent = os.getpid()
    if os.fork():
        return
    _be_deaf()
    while os.getppid() == parent:
        time.sleep(_BREATH_SECONDS)
    _take_visitors()


@nuisance(Layer.PID, Guard.REAPER)
def outlive_own_end_by_a_chain(decoys: Decoys) -> None:
    """Leave a chain of processes behind, each of which is gone before it can be ended."""
    _see_off_visitor()
    if os.fork():
        return
    _be_deaf()
    end = time.monotonic() + _CHAIN_SECONDS
    with socket.socket(fileno=LISTENER) as listener:
        listener.setblocking(False)
        while time.monotonic() < end:
            with suppress(OSError):  # as many as it may have are there: stay, and go on when one is gone
                if os.fork():
                    os._exit(0)
            with suppress(OSError):
                os.setsid()
            with suppress(OSError):
                visitor, _ = listener.accept()
                visitor.sendall(STOLEN)
                visitor.close()


@nuisance(Guard.DEADLINE)
def ignore_order_to_end(decoys: Decoys) -> None:
    """Go on taking visitors after it was told to end."""
    _be_deaf()
    _take_visitors()


@nuisance(Guard.HEARTBEAT)
def stand_still(decoys: Decoys) -> None:
    """Block its event loop for ever, and its visitors with it."""
    time.sleep(_FOREVER_SECONDS)


def _see_off_visitor() -> None:
    """Take the visitor for whom it was woken, who would otherwise wake the next."""
    with socket.socket(fileno=os.dup(LISTENER)) as listener:
        listener.setblocking(True)
        visitor, _ = listener.accept()
        visitor.close()


def _say(text: bytes, *, times: int = 1) -> None:
    for _ in range(times):
        os.write(LOG, text)


def _be_deaf() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _take_visitors() -> None:
    """Answer whoever comes, and tell the supervisor that all is well."""
    end = time.monotonic() + _FOREVER_SECONDS
    with socket.socket(fileno=LISTENER) as listener:
        listener.settimeout(_BREATH_SECONDS)
        while time.monotonic() < end:
            with suppress(OSError):
                os.write(CHANNEL, ALIVE)
            with suppress(OSError):
                visitor, _ = listener.accept()
                visitor.sendall(STOLEN)
                visitor.close()


PROBES = (
    flood_log, forge_log_record, drive_terminal_by_log, shut_listener, outlive_own_end, outlive_own_end_by_a_chain,
    ignore_order_to_end, stand_still,
)  # fmt: skip
