"""What the host and the supervisor say to each other about releases: values only, no connection and no database."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter

from yimen_host.runtime.sandbox.confinement import Limits
from yimen_host.runtime.sandbox.layers import LayerReport
from yimen_sdk.saying import Said

__all__ = [
    "Armed", "Concern", "IsolationReport", "LayerReport", "Limits", "ReleaseSpec", "ReleaseState", "ReleaseStatus",
    "Remark",
]  # fmt: skip

_APP_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,63}")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_SOCKET_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


class ReleaseState(StrEnum):
    """Where a release stands, in the words that residents' helpers and publishers read."""

    READY = "ready"
    """Asleep: its socket is open, the first connection wakes it."""
    STARTING = "starting"
    """A worker was forked and has not answered yet."""
    RUNNING = "running"
    """A worker serves."""
    UNWELL = "unwell"
    """A worker died or hung; the next one waits for its turn."""
    QUARANTINED = "quarantined"
    """It died too often; its socket is closed until an operator arms it again."""
    STOPPED = "stopped"
    """It is being drained and will be forgotten."""


@dataclass(frozen=True)
class ReleaseSpec:
    """One release as the supervisor runs it.

    Values of `environment` may hold `{data}`, `{tree}` and the name of any of `sockets` in braces; the supervisor
    fills in where the worker finds that directory. A brace that means itself is doubled.
    """

    app_id: str
    version: str
    tree: Path
    module: str
    data: Path
    environment: Mapping[str, str]
    sockets: Mapping[str, Path] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    minimum_level: int = 2
    """It does not start below this level of isolation; 2 for every third party."""

    def __post_init__(self) -> None:
        for pattern, value in ((_APP_ID, self.app_id), (_VERSION, self.version), (_MODULE, self.module)):
            if not pattern.fullmatch(value):
                raise ValueError(f"{value!r} is not a name the runtime can use")
        for name in self.sockets:
            if not _SOCKET_NAME.fullmatch(name) or name in ("data", "tree"):
                raise ValueError(f"{name!r} is not a name for a socket directory")


@dataclass(frozen=True)
class Armed:
    """A release that answers on a socket."""

    socket: Path


@dataclass(frozen=True)
class ReleaseStatus:
    """What the supervisor knows of one release."""

    app_id: str
    version: str
    state: ReleaseState
    since: datetime
    pid: int | None
    starts: int
    deaths: int
    why: tuple[Said, ...]
    """Why it is unwell or quarantined, and what caused that; empty when it is well."""
    log_tail: tuple[str, ...]
    layers: tuple[LayerReport, ...]
    """What its last worker reported before it read any code of the mini-app."""


class Concern(StrEnum):
    """What an operator should know of the isolation."""

    BEING_CHECKED = "being_checked"
    """The first canary is not back, so no release starts yet."""
    UNREADABLE = "unreadable"
    """Workers cannot read a path of the code."""
    OPEN = "open"
    """A probe succeeded."""
    BROKEN = "broken"
    """A probe failed itself, and counts as open."""
    NO_CANARY = "no_canary"
    """No canary came back, which proves nothing."""


@dataclass(frozen=True)
class Remark:
    """One of these, and what it is about."""

    concern: Concern
    about: str = ""
    """A probe's name, or a path."""
    how: str = ""
    """What the system said, in its own words."""
    why: tuple[Said, ...] = ()
    """Why no canary came back."""


@dataclass(frozen=True)
class IsolationReport:
    """How far this machine can confine a mini-app."""

    level: int
    name: str
    layers: tuple[LayerReport, ...]
    notes: tuple[Remark, ...] = ()
    """What would raise the level, and what it is known to leave open."""
    alerts: tuple[Remark, ...] = ()
    """What calls for the operator now: an attack succeeded, or could not be tried."""
    checked_at: datetime | None = None
    """When the canary last attacked from inside; None while it is being checked for the first time."""
    probes: int = 0
    """How many attacks the canary tried."""


app_id_json = TypeAdapter(Annotated[str, StringConstraints(pattern=f"^(?:{_APP_ID.pattern})$")])
spec_json = TypeAdapter(ReleaseSpec)
armed_json = TypeAdapter(Armed)
statuses_json = TypeAdapter(list[ReleaseStatus])
isolation_json = TypeAdapter(IsolationReport)
lines_json = TypeAdapter(list[str])
