"""What a probe is, what it attacks, and what became of it. Knows no single attack."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter

from yimen_host.runtime.sandbox.confinement import Limits
from yimen_host.runtime.sandbox.guards import Guard
from yimen_host.runtime.sandbox.layers import CONTAINER, FULL, GUARANTEED, PARTIAL, ROOTLESS, Layer

__all__ = ["Attack", "Decoys", "Finding", "Obstacle", "Outcome", "Probe", "findings_json", "nuisance", "probe"]


@dataclass(frozen=True)
class Decoys:
    """Things outside the worker that are made to be attacked: nothing of value, and open to careless eyes."""

    secret: Path
    """A file of the host that any account may read and write."""
    private: Path
    """A file of the host that only its owner may read."""
    handle: str
    """The secret's file handle in hexadecimal, as `name_to_handle_at` gives it; empty when there is none."""
    foreign: Path
    """Another mini-app's data directory, left open to every account."""
    tree: Path
    """The mini-app's own code, as the worker sees it."""
    data: Path
    """The mini-app's own data, as the worker sees it."""
    process: int
    """A process of the worker's own user, as numbered outside."""
    supervisor: int
    """The supervisor's process."""
    host_name: str
    """The machine's name."""
    tcp: int
    """A port of loopback where somebody listens."""
    tcp6: int
    """The same over version 6, or 0."""
    udp: int
    """A port of loopback where somebody receives."""
    abstract: str
    """The name of an abstract unix socket where somebody listens."""
    open_socket: Path
    """A unix socket that every account may connect to."""
    foreign_socket: Path
    """Another mini-app's own socket to the platform."""
    release_socket: Path
    """The socket on which the host reaches another release."""
    baits: tuple[str, str]
    """The digests of a secret in the supervisor's own memory, and of one in another worker's orders."""
    queue_key: int
    """The key of a System V segment, queue and semaphore."""
    shared_file: Path
    """A file in the machine's shared memory."""
    control_group: Path | None
    """The file that moves a process out of its control group."""
    limits: Limits
    """The worker's own limits."""


Attack = Callable[[Decoys], None]
"""Returns when it succeeded; raises OSError or MemoryError when it was stopped, or is ended by a signal.

Of a nuisance, only what it does: whether it succeeded is seen from outside.
"""
Obstacle = Layer | Guard
"""What can stop a probe."""


class Outcome(StrEnum):
    """What became of a probe."""

    STOPPED = "stopped"
    """The attack did not succeed."""
    OPEN = "open"
    """The attack succeeded."""
    ABSENT = "absent"
    """This machine does not have what is attacked; nobody can succeed."""
    BROKEN = "broken"
    """The probe itself failed; it counts as open, since it proved nothing."""


@dataclass(frozen=True)
class Finding:
    """One probe's outcome."""

    probe: str
    outcome: Outcome
    how: str
    """What stopped it: an error's name or a signal."""


@dataclass(frozen=True)
class Probe:
    """One attack and the layers that stop it."""

    name: str
    tries: str
    """One sentence."""
    stopped_by: frozenset[Obstacle]
    """Each of them stops it alone; with all of them off it succeeds."""
    attack: Attack
    is_nuisance: bool = False
    """Whether it harms what is outside, so that only the supervisor can tell whether it succeeded."""

    def is_stopped_at(self, level: int) -> bool:
        """Whether a layer that the level is sure to have, or a guard of the supervisor's, stops it."""
        return bool(self.stopped_by & (GUARANTEED[level] | frozenset(Guard)))

    @property
    def shows(self) -> int:
        """The highest level that there can be when it succeeds."""
        return next((level for level in (FULL, ROOTLESS, CONTAINER) if not self.is_stopped_at(level)), PARTIAL)


findings_json = TypeAdapter(list[Finding])


def probe(*stopped_by: Obstacle) -> Callable[[Attack], Probe]:
    """Make a probe of a function: its name and its docstring are the probe's."""
    return lambda attack: Probe(*_told(attack), frozenset(stopped_by), attack)


def nuisance(*stopped_by: Obstacle) -> Callable[[Attack], Probe]:
    """Make a probe of a function that misbehaves; the supervisor's `nuisances` judge it by its name."""
    return lambda attack: Probe(*_told(attack), frozenset(stopped_by), attack, is_nuisance=True)


def _told(attack: Attack) -> tuple[str, str]:
    assert attack.__doc__, "a probe says what it tries"
    return attack.__name__.replace("_", "-"), attack.__doc__.strip().rstrip(".")
