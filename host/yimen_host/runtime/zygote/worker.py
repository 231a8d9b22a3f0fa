"""From a fresh fork of the zygote to a confined worker: descriptors, orders, layers, and only then the mini-app."""

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from yimen_host.runtime.probes import trial
from yimen_host.runtime.probes.probe import findings_json
from yimen_host.runtime.probes.table import BY_NAME
from yimen_host.runtime.sandbox import apply
from yimen_host.runtime.zygote.orders import ALIVE, GO, READY, Orders, Task, Trial, orders_json, reports_json
from yimen_sdk import serve
from yimen_sdk.loading import LoadError

LISTENER, CHANNEL = 3, 4
_LONGEST_ORDERS = 256 * 1024
_REFUSED, _CRASHED = 70, 71


def become(received: Sequence[int]) -> NoReturn:
    """Never return: run the orders that come over the channel. `received` is listener, log, channel."""
    status = _CRASHED
    try:
        _arrange(received)
        orders = orders_json.validate_json(_read_line())
        os.environ.clear()
        os.environ.update(orders.environment)
        if orders.task is Task.SURVEY:
            _tell(reports_json.dump_json(apply.survey(orders.confinement)) + b"\n")
            status = 0 if _read_line() == GO else _REFUSED
        else:
            status = _work(orders)
    except LoadError as error:  # its author reads the log: the cause in their own lines, and what to change
        traceback.print_exception(error.with_traceback(None))
    except BaseException:  # noqa: BLE001  the outermost edge of the worker: whatever happened goes to its log
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _work(orders: Orders) -> int:
    try:
        reports = apply.confine(orders.confinement)
    except apply.ConfinementFailed as failure:
        _tell(reports_json.dump_json(failure.reports) + b"\n")
        return _REFUSED
    _tell(reports_json.dump_json(reports) + b"\n")
    if _read_line() != GO:
        return _REFUSED
    if orders.trial is not None:
        return _attack(orders.trial) if orders.task is Task.PROBE else _misbehave(orders.trial)
    sys.path.append(str(orders.tree))
    serve.serve_release(
        orders.module,
        app_id=orders.app_id,
        listener=LISTENER,
        idle_seconds=orders.confinement.limits.idle_seconds,
        on_ready=lambda: _tell(READY),
        on_alive=lambda: _tell(ALIVE),
    )
    return 0


def _attack(ordered: Trial) -> int:
    findings = trial.run([BY_NAME[name] for name in ordered.probes], ordered.decoys)
    _tell(findings_json.dump_json(findings) + b"\n")
    return 0


def _misbehave(ordered: Trial) -> int:
    _tell(READY)
    for name in ordered.probes:
        BY_NAME[name].attack(ordered.decoys)
    return 0


def _arrange(received: Sequence[int]) -> None:
    """Put the descriptors where they are expected; the first layer closes every other."""
    signal.set_wakeup_fd(-1)
    high = [os.dup(descriptor) for descriptor in received]
    moved = [_move(descriptor, 100 + index) for index, descriptor in enumerate(high)]
    listener, log, channel = moved
    nothing = os.open(os.devnull, os.O_RDWR)
    wanted = [nothing, log, log, listener, channel]
    for place, descriptor in enumerate(wanted):
        os.dup2(descriptor, place, inheritable=False)


def _move(descriptor: int, place: int) -> int:
    os.dup2(descriptor, place, inheritable=False)
    return place


def _read_line() -> bytes:
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = os.read(CHANNEL, 65536)
        if not piece or len(line) > _LONGEST_ORDERS:
            raise EOFError("the supervisor gave no orders")
        line += piece
    return bytes(line)


def _tell(message: bytes) -> None:
    """Tell the supervisor; when it is gone, the worker is ended from outside."""
    try:
        os.write(CHANNEL, message)
    except OSError:
        return
