"""How far a mini-app reaches, of all its releases together."""

from collections.abc import Iterable
from enum import StrEnum

from yimen_registry.releases.machine import ReleaseState


class Reach(StrEnum):
    """Whom a mini-app serves."""

    UNRELEASED = "unreleased"
    """Nobody, and it never did."""
    PILOT = "pilot"
    """The people on a pilot list."""
    LIVE = "live"
    """Everybody. A gray release stands beside a live one."""
    WITHDRAWN = "withdrawn"
    """Nobody any more."""


def reach(releases: Iterable[tuple[ReleaseState, bool]]) -> Reach:
    """How far these reach: where each stands, and whether it ever served."""
    told = list(releases)
    states = {state for state, _ in told}
    if ReleaseState.LIVE in states:
        return Reach.LIVE
    if ReleaseState.PILOT in states:
        return Reach.PILOT
    return Reach.WITHDRAWN if any(served for _, served in told) else Reach.UNRELEASED
