"""The states of a release. One table is the code, the picture in the documents, and the test."""

from enum import StrEnum


class ReleaseState(StrEnum):
    """Whom a release serves."""

    APPROVED = "approved"
    """Nobody yet."""
    PILOT = "pilot"
    """The people on its pilot list."""
    GRAY = "gray"
    """A share of the residents, the same ones as long as the share does not shrink."""
    LIVE = "live"
    """Everybody whom no pilot and no gray release serves."""
    RETIRED = "retired"
    """Nobody any more: a later one went live. It can come back."""
    ROLLED_BACK = "rolled_back"
    """Nobody any more: it was taken back. It can come back."""
    YANKED = "yanked"
    """Nobody ever again."""


class ReleaseEvent(StrEnum):
    """What can happen to a release."""

    PILOT = "pilot"
    """It is shown to the pilot list."""
    GRAY = "gray"
    """It is shown to a share; the share may grow and shrink."""
    FULL = "full"
    """It is shown to everybody; also how a rollback brings one back."""
    RETIRE = "retire"
    """Another one took its place."""
    ROLL_BACK = "roll_back"
    """It is taken back."""
    YANK = "yank"
    """It is withdrawn for good."""


_S, _E = ReleaseState, ReleaseEvent
_RESTING = (_S.APPROVED, _S.RETIRED, _S.ROLLED_BACK)

TABLE: dict[tuple[ReleaseState, ReleaseEvent], ReleaseState] = {
    **{
        (state, event): to
        for state in _RESTING
        for event, to in ((_E.PILOT, _S.PILOT), (_E.GRAY, _S.GRAY), (_E.FULL, _S.LIVE), (_E.YANK, _S.YANKED))
    },
    (_S.PILOT, _E.PILOT): _S.PILOT,
    (_S.PILOT, _E.GRAY): _S.GRAY,
    (_S.PILOT, _E.FULL): _S.LIVE,
    (_S.GRAY, _E.GRAY): _S.GRAY,
    (_S.GRAY, _E.FULL): _S.LIVE,
    (_S.LIVE, _E.RETIRE): _S.RETIRED,
    **{(state, _E.ROLL_BACK): _S.ROLLED_BACK for state in (_S.PILOT, _S.GRAY, _S.LIVE)},
    **{(state, _E.YANK): _S.YANKED for state in (_S.PILOT, _S.GRAY, _S.LIVE)},
}

SERVING = frozenset({_S.PILOT, _S.GRAY, _S.LIVE})
"""States in which the runtime needs the release."""


def sources(event: ReleaseEvent) -> frozenset[ReleaseState]:
    """Return the states in which an event can happen."""
    return frozenset(state for state, happens in TABLE if happens is event)


def target(event: ReleaseEvent) -> ReleaseState:
    """Return the state that an event leads to; each event leads to one."""
    (to,) = {to for (_, happens), to in TABLE.items() if happens is event}
    return to
