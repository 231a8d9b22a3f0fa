"""The states of a release as a table, and the rule of deaths: back off, then quarantine. Arithmetic only."""

from enum import StrEnum

from yimen_host.runtime.contract import ReleaseState

QUARANTINE_DEATHS = 3
QUARANTINE_WINDOW_SECONDS = 60.0
_BACK_OFF_SECONDS = (0.1, 0.5)
"""Wait before the next start after the first and the second death in the window."""


class Event(StrEnum):
    """What can happen to a release."""

    CONNECTION = "connection"
    """Somebody wants an answer while no worker runs."""
    ANSWERING = "answering"
    """The worker has loaded the mini-app."""
    SLEPT = "slept"
    """The worker ended by itself, idle."""
    DIED = "died"
    """The worker ended in any other way."""
    RESTED = "rested"
    """The back-off after a death is over."""
    CONDEMNED = "condemned"
    """It died too often, or may not start here."""
    DISARMED = "disarmed"
    """The host wants it gone."""


_S, _E = ReleaseState, Event
TRANSITIONS: dict[tuple[ReleaseState, Event], ReleaseState] = {
    (_S.READY, _E.CONNECTION): _S.STARTING,
    (_S.READY, _E.CONDEMNED): _S.QUARANTINED,
    (_S.STARTING, _E.ANSWERING): _S.RUNNING,
    (_S.STARTING, _E.SLEPT): _S.READY,
    (_S.STARTING, _E.DIED): _S.UNWELL,
    (_S.RUNNING, _E.SLEPT): _S.READY,
    (_S.RUNNING, _E.DIED): _S.UNWELL,
    (_S.UNWELL, _E.RESTED): _S.READY,
    (_S.UNWELL, _E.CONDEMNED): _S.QUARANTINED,
    **{(state, _E.DISARMED): _S.STOPPED for state in _S if state is not _S.STOPPED},
}


def rest_after(deaths: list[float], now: float) -> float | None:
    """Return how many seconds to wait before the next start, or None when the release must be quarantined.

    `deaths` are the times of its deaths, the latest last; only those inside the window count.
    """
    recent = [death for death in deaths if now - death < QUARANTINE_WINDOW_SECONDS]
    if len(recent) >= QUARANTINE_DEATHS:
        return None
    return _BACK_OFF_SECONDS[len(recent) - 1] if recent else 0.0
