"""The two state machines as tables: no state without a way out, no way back from an end."""

import pytest

from yimen_registry.releases import machine as releases
from yimen_registry.releases.machine import ReleaseEvent, ReleaseState
from yimen_registry.submissions import machine as submissions
from yimen_registry.submissions.machine import SubmissionEvent, SubmissionState


def test_every_submission_ends_in_one_of_four_ways() -> None:
    ends = set(SubmissionState) - submissions.OPEN

    assert ends == {
        SubmissionState.APPROVED,
        SubmissionState.REJECTED,
        SubmissionState.WITHDRAWN,
        SubmissionState.SUPERSEDED,
    }


def test_the_publisher_can_withdraw_whatever_is_open() -> None:
    assert submissions.sources(SubmissionEvent.WITHDRAW) == submissions.OPEN


def test_approval_comes_only_from_review() -> None:
    assert submissions.sources(SubmissionEvent.APPROVE) == {SubmissionState.IN_REVIEW}


def test_every_release_but_a_yanked_one_can_serve_again() -> None:
    ways = {state for state, event in releases.TABLE if event is ReleaseEvent.FULL}

    assert ways == set(ReleaseState) - {ReleaseState.LIVE, ReleaseState.YANKED}
    assert not [state for state, _ in releases.TABLE if state is ReleaseState.YANKED]


def test_whatever_serves_can_be_taken_back_and_yanked() -> None:
    assert releases.sources(ReleaseEvent.ROLL_BACK) == releases.SERVING
    assert releases.sources(ReleaseEvent.YANK) == set(ReleaseState) - {ReleaseState.YANKED}


@pytest.mark.parametrize("machine", [submissions, releases])
def test_every_state_is_reached_from_the_first(machine) -> None:  # type: ignore[no-untyped-def]  # two modules
    states = [state for state, _ in machine.TABLE]
    reached = {states[0]}
    while more := {to for (state, _), to in machine.TABLE.items() if state in reached} - reached:
        reached |= more

    assert reached == {*states, *machine.TABLE.values()}


@pytest.mark.parametrize("event", [*SubmissionEvent, *ReleaseEvent])
def test_each_event_leads_to_one_state(event: SubmissionEvent | ReleaseEvent) -> None:
    if isinstance(event, SubmissionEvent):
        assert submissions.target(event) in SubmissionState
    else:
        assert releases.target(event) in ReleaseState
