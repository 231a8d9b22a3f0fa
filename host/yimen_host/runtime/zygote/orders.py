"""What the supervisor tells a worker on its own channel, and what the worker answers. The zygote reads neither."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter

from yimen_host.runtime.probes.probe import Decoys
from yimen_host.runtime.sandbox.confinement import Confinement
from yimen_host.runtime.sandbox.layers import LayerReport

READY, ALIVE = b"ready\n", b"alive\n"
"""Lines the worker sends after its report."""
GO = b"go\n"
"""The supervisor's answer to a good report: the process is in its control groups, the mini-app may be loaded."""


class Task(StrEnum):
    """What a worker is for."""

    SERVE = "serve"
    """Serve a mini-app."""
    SURVEY = "survey"
    """Only try the layers, report and end."""
    PROBE = "probe"
    """Attack from inside, tell what succeeded and end."""
    MISBEHAVE = "misbehave"
    """Say that it serves, and be one nuisance instead."""


@dataclass(frozen=True)
class Trial:
    """What a canary attacks, and with which probes."""

    decoys: Decoys
    probes: tuple[str, ...]


@dataclass(frozen=True)
class Orders:
    """One worker's whole life: how it is confined and what it runs."""

    confinement: Confinement
    environment: Mapping[str, str]
    app_id: str
    module: str
    tree: Path
    """Where the code is, as seen inside."""
    task: Task = Task.SERVE
    trial: Trial | None = None
    """Of a canary."""


orders_json = TypeAdapter(Orders)
reports_json = TypeAdapter(list[LayerReport])
