"""What one worker is confined to: the values that the supervisor decides and the child applies."""

from dataclasses import dataclass
from pathlib import Path

from yimen_host.runtime.sandbox.layers import Layer

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """How much one release may use."""

    processes: int = 64
    """Processes and threads together."""
    memory: int = 256 * MIB
    """Bytes resident, by control group; address space is limited at twice that and a constant."""
    processor: float = 0.5
    """Share of one processor."""
    descriptors: int = 256
    disk: int = 256 * MIB
    """Bytes in its data directory."""
    files: int = 10_000
    """Files in its data directory."""
    idle_seconds: float = 300.0
    """It is put to sleep after this long without a connection."""
    log_lines: int = 600
    """Lines a minute that are kept."""
    log_bytes: int = MIB
    """Bytes a minute that are kept."""
    drain_seconds: float = 13.0
    """How long it may take to end when told; a little more than the SDK gives the requests under way."""
    silence_seconds: float = 13.0
    """How long its event loop may stand still; the SDK tells every few seconds that it turns."""


@dataclass(frozen=True)
class Mount:
    """A directory shown inside the private root."""

    source: Path
    inside: Path
    writable: bool = False


@dataclass(frozen=True)
class Confinement:
    """Everything the child needs to confine itself. Every declared layer must succeed."""

    layers: frozenset[Layer]
    uid: int
    gid: int
    staging: Path
    """An empty directory on which the private root is built."""
    code: tuple[Path, ...]
    """Paths of the interpreter and its libraries, shown read-only under the same name."""
    mounts: tuple[Mount, ...]
    limits: Limits
    groups: tuple[Path, ...] = ()
    """Files by which the worker moves itself into its control groups; none when the supervisor moves it."""

    def inside(self, mount: Mount) -> Path:
        """Return where the worker finds a mount: a private name, or the real one without a private root."""
        return mount.inside if Layer.MOUNT in self.layers else mount.source
