"""Events: what is written on one side is read on the other, by older and newer SDKs alike."""

import datetime as dt
import json
from typing import Any, get_type_hints

from hypothesis import given
from hypothesis import strategies as st

from yimen_sdk import ConsentWithdrawn, Event, Money, PaymentSettled
from yimen_sdk.events import EVENTS

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
MEMBERS: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(),
    str | None: st.none() | st.text(),
    Money: st.builds(Money, st.integers(0, 10**9)),
    tuple[str, ...]: st.lists(st.text()).map(tuple),
    dt.datetime: st.just(NOON),
}


def made(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Any event of a kind."""
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name != "type"}
    return st.builds(kind, **{name: MEMBERS[hint] for name, hint in hints.items()})


@given(st.one_of([made(kind) for kind in EVENTS.values()]))
def test_what_is_written_is_read_as_it_was(event: Event) -> None:
    travelled = json.loads(json.dumps(event.to_data()))

    assert type(event).from_data(event.id, event.time, travelled) == event


def test_a_member_this_sdk_does_not_know_is_left_out() -> None:
    data = {"resident": "r1", "scopes": ["identity.name"], "since_2_0": True, "type": "other", "id": "forged"}

    event = ConsentWithdrawn.from_data("evt_1", NOON, data)

    assert event == ConsentWithdrawn(id="evt_1", time=NOON, resident="r1", scopes=("identity.name",))


def test_money_travels_as_whole_fen() -> None:
    event = PaymentSettled(id="evt_1", time=NOON, order_id="ord_1", reference=None, resident="r1", amount=Money(800))

    assert event.to_data() == {
        "order_id": "ord_1", "reference": None, "resident": "r1", "amount": {"fen": 800, "currency": "CNY"},
    }  # fmt: skip


def test_each_kind_is_found_by_its_name() -> None:
    assert sorted(EVENTS) == [
        "yimen.consent.withdrawn", "yimen.order.ended", "yimen.payment.settled", "yimen.refund.ended",
    ]  # fmt: skip
    assert all(EVENTS[name].type == name for name in EVENTS)
