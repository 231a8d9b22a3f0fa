"""The table of states and the rule of deaths."""

import pytest

from yimen_host.runtime.contract import ReleaseState
from yimen_host.runtime.supervisor.states import QUARANTINE_WINDOW_SECONDS, TRANSITIONS, Event, rest_after


def test_every_state_but_stopped_has_a_way_out() -> None:
    left = {state for state, _ in TRANSITIONS}

    assert left == set(ReleaseState) - {ReleaseState.STOPPED}


def test_every_state_can_be_reached_from_ready() -> None:
    reached = {ReleaseState.READY}
    while more := {TRANSITIONS[state, event] for state, event in TRANSITIONS if state in reached} - reached:
        reached |= more

    assert reached == set(ReleaseState)


def test_a_quarantined_release_only_leaves_by_disarming() -> None:
    ways = {event for state, event in TRANSITIONS if state is ReleaseState.QUARANTINED}

    assert ways == {Event.DISARMED}


@pytest.mark.parametrize(
    ("deaths", "rest"),
    [([100.0], 0.1), ([99.0, 100.0], 0.5), ([98.0, 99.0, 100.0], None), ([1.0, 2.0, 100.0], 0.1)],
)
def test_the_third_death_in_a_minute_is_one_too_many(deaths: list[float], rest: float | None) -> None:
    assert rest_after(deaths, 100.0) == rest


def test_a_death_outside_the_window_is_forgotten() -> None:
    assert rest_after([0.0], QUARANTINE_WINDOW_SECONDS) == 0.0
