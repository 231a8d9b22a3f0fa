"""What this machine offers: which layers a worker will get, and the level that a canary leaves of that claim."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from yimen_host.runtime.complaints import Why
from yimen_host.runtime.contract import Concern, IsolationReport, Remark
from yimen_host.runtime.probes.probe import Finding, Outcome
from yimen_host.runtime.probes.table import level_shown, opened
from yimen_host.runtime.sandbox import kernel, layers
from yimen_host.runtime.sandbox.layers import PARTIAL, Layer, LayerReport, LayerState
from yimen_host.runtime.sandbox.reasons import NO_NAMESPACES, NOT_ROOT, ROOT_HAS_NUMBERS
from yimen_sdk.saying import Kind


def wanted(off: Iterable[Layer]) -> frozenset[Layer]:
    """Return the layers worth trying: root separates users, anybody else needs a user namespace."""
    other = Layer.USER if os.geteuid() == 0 else Layer.UID
    return frozenset(Layer) - {other} - frozenset(off)


def report(found: Iterable[LayerReport], *, off: Iterable[Layer], notes: Iterable[Remark] = ()) -> IsolationReport:
    """Turn what a survey found into the report: why a layer is missing, and the level of those that are there."""
    off = frozenset(off)
    told = tuple(_explained(entry, off) for entry in found)
    level = layers.level_claimed(told)
    return IsolationReport(level, layers.LEVEL_NAMES[level], told, tuple(notes))


def offered(survey: Iterable[LayerReport]) -> frozenset[Layer]:
    """Return the layers that a worker must have from now on."""
    return frozenset(entry.layer for entry in survey if entry.state is LayerState.ENFORCED)


def judged(claimed: IsolationReport, findings: Sequence[Finding], failure: Why, now: datetime) -> IsolationReport:
    """Return what a canary left of the claim. `failure` says why none came back, which proves nothing.

    What the level is known to leave open is a note; what lowers it is an alert.
    """
    level = PARTIAL if failure else claimed.level
    level = level_shown(min(level, claimed.level), findings)
    told = tuple(map(_remark, opened(findings)))
    if failure:
        told += (Remark(Concern.NO_CANARY, why=failure),)
    is_lower = level < claimed.level
    return replace(
        claimed,
        level=level,
        name=layers.LEVEL_NAMES[level],
        notes=claimed.notes if is_lower else (*claimed.notes, *told),
        alerts=told if is_lower else (),
        checked_at=now,
        probes=len(findings),
    )


def can_make(namespaces: int) -> bool:
    """Whether this account may make such namespaces here (not in a plain container); a child tries it."""
    child = os.fork()
    if child == 0:
        try:
            kernel.unshare(namespaces)
        except OSError:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return status == 0


def _remark(finding: Finding) -> Remark:
    concern = Concern.BROKEN if finding.outcome is Outcome.BROKEN else Concern.OPEN
    return Remark(concern, finding.probe, finding.how)


def _explained(entry: LayerReport, off: frozenset[Layer]) -> LayerReport:
    if entry.state is not LayerState.OFF or entry.layer in off:
        return entry
    return replace(entry, state=LayerState.UNAVAILABLE, why=_untried(entry.layer).said())


def _untried(layer: Layer) -> Kind:
    """Tell why a layer that is not switched off was not even tried."""
    is_root = os.geteuid() == 0
    if layer is Layer.USER and is_root:
        return ROOT_HAS_NUMBERS
    return NOT_ROOT if layer is Layer.UID else NO_NAMESPACES
