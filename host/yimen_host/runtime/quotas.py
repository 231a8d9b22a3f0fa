"""How much each mini-app may use, from the operator's file: what the supervisor enforces, what this process counts."""

import time
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from yimen_host.core.errors import HostError
from yimen_host.runtime.bucket import Meter, Rate
from yimen_host.runtime.sandbox.confinement import MIB, Limits

DEFAULT = "default"
"""The table of the file that holds for every mini-app without one of its own, and for what its own leaves out."""
_REST_SECONDS = 2.0
"""After a rest as many may come at once as in this time."""

Count = Annotated[int, Field(ge=1)]


class QuotasUnreadable(HostError):
    """The file of quotas has a fault."""

    code = "quotas_unreadable"


class Quota(BaseModel):
    """One mini-app's limits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    processes: Count = 64
    """Processes and threads together."""
    memory_mib: Annotated[int, Field(ge=48)] = 256
    """Resident; less is not enough to start."""
    processor: Annotated[float, Field(gt=0)] = 0.5
    """Share of one processor."""
    descriptors: Annotated[int, Field(ge=32)] = 256
    disk_mib: Count = 256
    files: Count = 10_000
    log_lines: Count = 600
    """A minute."""
    log_kib: Count = 1024
    """A minute."""
    connections: Annotated[int, Field(ge=1, le=100)] = 8
    """To the database, from all machines together."""
    statement_seconds: Annotated[float, Field(gt=0)] = 5.0
    """That one statement may take there."""
    transaction_seconds: Annotated[float, Field(gt=0)] = 30.0
    """That a transaction may stay open there, idle or not."""
    database_mib: Count = 1024
    """On the disk of the database, with indexes and with what was deleted and not given back."""
    notices: Count = 10
    """A day, to one resident."""
    requests: Count = 1000
    """A second, to the mini-app."""
    calls: Count = 300
    """A second, from the mini-app to the platform."""

    def limits(self) -> Limits:
        """Return what the supervisor enforces."""
        return Limits(
            processes=self.processes,
            memory=self.memory_mib * MIB,
            processor=self.processor,
            descriptors=self.descriptors,
            disk=self.disk_mib * MIB,
            files=self.files,
            log_lines=self.log_lines,
            log_bytes=self.log_kib * 1024,
        )


class Quotas:
    """Every mini-app's limits, and the meters of those that are counted here.

    Each host process of a machine counts for itself and gives out its share, since the kernel spreads connections.
    """

    def __init__(
        self,
        default: Quota,
        own: Mapping[str, Quota],
        *,
        processes: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._default = default
        self._own = own
        self._share = 1 / processes
        self.fault = ""
        """What is wrong with the operator's file, while the limits before it hold."""
        self.requests = Meter(lambda app_id: self._rate(self.of(app_id).requests), clock)
        self.calls = Meter(lambda app_id: self._rate(self.of(app_id).calls), clock)

    @classmethod
    def read(cls, file: Path | None, *, processes: int = 1) -> Self:
        """Read the operator's file; without one all have the defaults. Raises QuotasUnreadable."""
        try:
            tables = tomllib.loads(file.read_text("utf-8")) if file else {}
            default = Quota.model_validate(tables.pop(DEFAULT, {}))
            given = default.model_dump(exclude_unset=True)
            own = {app_id: Quota.model_validate(given | table) for app_id, table in tables.items()}
        except (OSError, ValueError, TypeError, ValidationError) as error:
            raise QuotasUnreadable(f"{file}: {error}") from error
        return cls(default, own, processes=processes)

    def of(self, app_id: str) -> Quota:
        """Return one mini-app's."""
        return self._own.get(app_id, self._default)

    def take_over(self, others: Self) -> None:
        """Go on with other limits."""
        self._default, self._own = others._default, others._own
        self.requests.change()
        self.calls.change()

    def _rate(self, a_second: int) -> Rate:
        """No rate is below one a second on a machine of one process, so that waiting a second is enough."""
        share = a_second * self._share
        return Rate(share, max(1.0, share * _REST_SECONDS))
