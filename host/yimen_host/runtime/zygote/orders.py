"""What the supervisor tells a worker on its own channel, and what the worker answers. The zygote reads neither."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from yimen_host.runtime.sandbox.confinement import Confinement
from yimen_host.runtime.sandbox.layers import LayerReport

READY, ALIVE = b"ready\n", b"alive\n"
"""Lines the worker sends after its report."""
GO = b"go\n"
"""The supervisor's answer to a good report: the process is in its control groups, the mini-app may be loaded."""


@dataclass(frozen=True)
class Orders:
    """One worker's whole life: how it is confined and what it runs."""

    confinement: Confinement
    environment: Mapping[str, str]
    app_id: str
    module: str
    tree: Path
    """Where the code is, as seen inside."""
    survey: bool = False
    """Only try the layers, report and end."""


orders_json = TypeAdapter(Orders)
reports_json = TypeAdapter(list[LayerReport])
