"""What holds for every state machine of payments, read from its table."""

from enum import StrEnum
from typing import Any

import pytest

from yimen_host.payments.attempts import ATTEMPT
from yimen_host.payments.coupons.campaigns import CAMPAIGN
from yimen_host.payments.coupons.coupon import COUPON
from yimen_host.payments.machine import Machine
from yimen_host.payments.orders import ORDER
from yimen_host.payments.refunds import REFUND

MACHINES = [ORDER, ATTEMPT, REFUND, CAMPAIGN, COUPON]
ENDS = {
    "order": {"closed", "cancelled", "expired", "refunded"},
    "attempt": {"settled", "refunded"},
    "refund": {"succeeded", "failed"},
    "campaign": {"discarded", "settled"},
    "coupon": {"expired", "void"},
}


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_can_be_reached(machine: Machine[Any, Any]) -> None:
    reached: set[StrEnum] = {machine.start}
    for _ in machine.moves:
        reached |= {target for (source, _), target in machine.moves.items() if source in reached}

    states: type[StrEnum] = type(machine.start)
    assert reached == set(states)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_only_the_named_ends_have_no_way_on(machine: Machine[Any, Any]) -> None:
    assert machine.ends() == ENDS[machine.name]


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_an_event_leads_to_one_state(machine: Machine[Any, Any]) -> None:
    events = {event for _, event in machine.moves}

    assert {event: machine.target(event) for event in events} == {
        event: target for (_, event), target in machine.moves.items()
    }
