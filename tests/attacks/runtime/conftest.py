"""Each set of layers is attacked once for the whole run."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache

import pytest
from tests.attacks.runtime.range import STRANGER, Orders, Results, Trial, shoot

from yimen_host.runtime.probes.probe import Finding, Obstacle
from yimen_host.runtime.probes.table import PROBES
from yimen_host.runtime.sandbox.layers import Layer

EVERY = tuple(probe.name for probe in PROBES)
NO_NAMESPACES = frozenset(
    {Layer.PID, Layer.NETWORK, Layer.IPC, Layer.UTS, Layer.MOUNT, Layer.CAPABILITIES, Layer.CGROUP}
)
_NEED_NO_NEW_PRIVILEGES = frozenset({Layer.LANDLOCK, Layer.SECCOMP})
"""Without that layer the kernel refuses these to an ordinary user."""
Case = tuple[str, frozenset[Obstacle]]
"""A probe, and the layers and guards that are switched off."""


@cache
def at_level(level: int) -> Results:
    """Run every probe under a supervisor that is given as much as the level needs."""
    orders = {
        4: Orders((Trial(frozenset(), EVERY),)),
        3: Orders((Trial(frozenset(), EVERY),), user=STRANGER),
        2: Orders((Trial(frozenset(), EVERY),), off=NO_NAMESPACES),
        0: Orders((Trial(frozenset(Layer), EVERY),)),
    }
    return shoot(orders[level])


@cache
def controls() -> Mapping[Case, Finding]:
    """Run each probe with all that stops it switched off."""
    return _each((probe.name, probe.stopped_by) for probe in PROBES)


@cache
def single_layers() -> Mapping[Case, Finding]:
    """Run each probe once for each layer or guard that stops it, with the others switched off."""
    return _each((probe.name, probe.stopped_by - {one}) for probe in PROBES for one in probe.stopped_by)


def _each(cases: Iterable[Case]) -> Mapping[Case, Finding]:
    together: dict[frozenset[Obstacle], list[str]] = defaultdict(list)
    for name, without in cases:
        if name not in together[without]:
            together[without].append(name)
    trials = [Trial(_possible(without), tuple(names)) for without, names in together.items()]
    results = shoot(Orders(tuple(trials)))
    return {
        (finding.probe, without): finding
        for without, findings in zip(together, results.findings, strict=True)
        for finding in findings
    }


def _possible(without: frozenset[Obstacle]) -> frozenset[Obstacle]:
    return without | _NEED_NO_NEW_PRIVILEGES if Layer.NO_NEW_PRIVILEGES in without else without


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Only root can make a range."""
    if os.geteuid() == 0:
        return
    for item in items:
        if "tests/attacks/runtime" in item.nodeid:
            item.add_marker(pytest.mark.skip(reason="a range of private namespaces needs root"))
