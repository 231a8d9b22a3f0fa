"""The states of a submission. One table is the code, the picture in the documents, and the test."""

from enum import StrEnum


class SubmissionState(StrEnum):
    """Where a submission stands."""

    SUBMITTED = "submitted"
    """The snapshot is frozen; the checks have not finished."""
    CHECKED = "checked"
    """The checks have spoken; it waits for a reviewer."""
    IN_REVIEW = "in_review"
    """A reviewer reads it."""
    NEEDS_INFO = "needs_info"
    """The reviewer asked; the publisher is to answer."""
    APPROVED = "approved"
    """It became a release."""
    REJECTED = "rejected"
    """It will not become a release; every reason is given, with evidence."""
    WITHDRAWN = "withdrawn"
    """The publisher took it back."""
    SUPERSEDED = "superseded"
    """A later version was approved first."""


class SubmissionEvent(StrEnum):
    """What can happen to a submission."""

    CHECK = "check"
    """The checks finished and found nothing that stands in the way."""
    FAIL = "fail"
    """The checks found something that stands in the way."""
    START_REVIEW = "start_review"
    """A reviewer takes it up."""
    ASK = "ask"
    """The reviewer needs to know something."""
    ANSWER = "answer"
    """The publisher answered."""
    APPROVE = "approve"
    """As many people as it takes have approved."""
    REJECT = "reject"
    """A reviewer refused."""
    WITHDRAW = "withdraw"
    """The publisher gave up."""
    SUPERSEDE = "supersede"
    """A later version of the same mini-app was approved."""


_S, _E = SubmissionState, SubmissionEvent

TABLE: dict[tuple[SubmissionState, SubmissionEvent], SubmissionState] = {
    (_S.SUBMITTED, _E.CHECK): _S.CHECKED,
    (_S.SUBMITTED, _E.FAIL): _S.REJECTED,
    (_S.CHECKED, _E.START_REVIEW): _S.IN_REVIEW,
    (_S.IN_REVIEW, _E.ASK): _S.NEEDS_INFO,
    (_S.NEEDS_INFO, _E.ANSWER): _S.IN_REVIEW,
    (_S.IN_REVIEW, _E.APPROVE): _S.APPROVED,
    (_S.IN_REVIEW, _E.REJECT): _S.REJECTED,
    (_S.NEEDS_INFO, _E.REJECT): _S.REJECTED,
    **{
        (state, event): to
        for state in (_S.SUBMITTED, _S.CHECKED, _S.IN_REVIEW, _S.NEEDS_INFO)
        for event, to in ((_E.WITHDRAW, _S.WITHDRAWN), (_E.SUPERSEDE, _S.SUPERSEDED))
    },
}

OPEN = frozenset(state for state, _ in TABLE)
"""States from which there is a way on."""


def sources(event: SubmissionEvent) -> frozenset[SubmissionState]:
    """Return the states in which an event can happen."""
    return frozenset(state for state, happens in TABLE if happens is event)


def target(event: SubmissionEvent) -> SubmissionState:
    """Return the state that an event leads to; each event leads to one."""
    (to,) = {to for (_, happens), to in TABLE.items() if happens is event}
    return to
