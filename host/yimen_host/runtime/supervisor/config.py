"""The supervisor's own small settings, read from one JSON file. It knows nothing of the host's."""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from yimen_host.runtime.sandbox.layers import Layer


class SupervisorConfig(BaseModel):
    """Where the supervisor keeps its things, and who may talk to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_dir: Path
    """Sockets. Short: a socket's path may have 107 bytes."""
    state_dir: Path
    """What must survive a restart: which mini-app has which user number."""
    host_uid: int = Field(default_factory=os.getuid)
    """The account of the host: it alone (and root) may give orders and reach the sockets of releases."""
    first_uid: int = 410_000
    """Mini-apps get user numbers from here on, when the supervisor is root."""
    layers_off: frozenset[Layer] = frozenset()
    """Layers an operator leaves out, each reported as off."""
    preload: tuple[str, ...] = ()
    """Further modules to import in the zygote, beside the SDK and what it needs."""

    @property
    def control_socket(self) -> Path:
        """Where the host talks to the supervisor."""
        return self.run_dir / "control.sock"

    @property
    def releases_dir(self) -> Path:
        """One directory per armed release, each with its socket."""
        return self.run_dir / "releases"

    @property
    def api_dir(self) -> Path:
        """One directory per mini-app, with the socket on which it reaches the platform."""
        return self.run_dir / "api"

    @property
    def staging_dir(self) -> Path:
        """The empty directory on which private roots are built."""
        return self.run_dir / "root"
