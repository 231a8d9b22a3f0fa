"""The state table of a bill payment."""

import re
from importlib.resources import files

from yimen_utilities.payment import ENDED, NEXT, UNDER_WAY, Happens, State, after


def reachable(start: State) -> set[State]:
    """Every state that a payment can come to."""
    found, fresh = {start}, {start}
    while fresh:
        fresh = {target for (state, _), target in NEXT.items() if state in fresh} - found
        found |= fresh
    return found


def test_every_state_has_a_way_out_or_is_an_end() -> None:
    with_a_way_out = {state for state, _ in NEXT}

    assert with_a_way_out | ENDED == set(State)
    assert with_a_way_out & ENDED == set()


def test_money_always_comes_to_an_end() -> None:
    assert all(reachable(state) & ENDED for state in State)


def test_every_state_and_event_is_used() -> None:
    assert reachable(State.CREATED) == set(State)
    assert {event for _, event in NEXT} == set(Happens)


def test_nothing_leads_back_to_before_the_money() -> None:
    paid = {State.FUNDED, State.SUBMITTED, State.UNCERTAIN, State.REVERSING, *ENDED}

    assert all(reachable(state) <= paid for state in paid)


def test_an_uncertain_payment_ends_only_by_an_answer() -> None:
    assert {event: target for (state, event), target in NEXT.items() if state == State.UNCERTAIN} == {
        Happens.CONFIRM: State.CONFIRMED,
        Happens.REJECT: State.REJECTED,
        Happens.REVERSE: State.REVERSED,
        Happens.TELL: State.SUBMITTED,
        Happens.UNDO: State.REVERSING,
    }


def test_what_is_being_undone_is_never_told_again() -> None:
    assert {event: target for (state, event), target in NEXT.items() if state == State.REVERSING} == {
        Happens.CONFIRM: State.CONFIRMED,
        Happens.REJECT: State.REJECTED,
        Happens.REVERSE: State.REVERSED,
    }


def test_an_event_that_means_nothing_moves_nothing() -> None:
    assert after(State.CONFIRMED, Happens.PAID) is None


def test_the_index_keeps_one_payment_of_a_bill_as_the_table_says() -> None:
    migration = files("yimen_utilities").joinpath("migrations", "0003_reversals.sql").read_text("utf-8")
    found = re.search(r"one_open_payment .*?state IN \((.*?)\)", migration, re.S)

    assert found is not None
    assert set(re.findall(r"'(\w+)'", found[1])) == {*UNDER_WAY, State.CONFIRMED}


def test_each_state_says_what_it_means() -> None:
    text = files("yimen_utilities").joinpath("payment.py").read_text("utf-8")

    assert re.findall(r'    [A-Z]+ = "(\w+)"\n    """', text) == [state.value for state in State]
