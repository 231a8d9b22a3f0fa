"""A mandate's caps: kept where the money is, by month of China's calendar, whoever pays at the same moment."""

import asyncio
import datetime as dt

import pytest
from tests.host.identity.mandates.conftest import Family
from tests.host.village import PIN

from yimen_host.core.clock import ManualClock
from yimen_host.identity.mandates.errors import CapReached, MandateOver
from yimen_host.identity.mandates.mandate import MOVES, Acting, Event, State, month_of, sources, target
from yimen_host.payments.decision import GRANTED, Decision
from yimen_host.payments.facade import Payments
from yimen_host.payments.models import AttemptRow, OrderRow
from yimen_host.payments.ordering import NewOrder, Payee
from yimen_sdk.money import Money, yuan


class EveryPassword:
    """The port to the payment password, open."""

    async def verify(self, resident_id: str, typed: str) -> Decision:
        return GRANTED


TEA = Payee("tea", "茶馆", "茶叶合作社")


async def order(family: Family, mandate: str, amount: Money) -> OrderRow:
    """An order of the daughter's in her mother's name."""
    payments = family.here.node.payments
    async with payments.services.database.transaction() as session:
        return await payments.orders.open(
            session, NewOrder("茶", amount), TEA, family.mother, Acting(family.daughter, mandate)
        )


async def pay(
    family: Family, row: OrderRow, channel: str = "wallet", *, payments: Payments | None = None
) -> AttemptRow:
    """Pay it at the cashier."""
    till = (payments or family.here.node.payments).till
    paid = await till.pay(row, channel=channel, form_key=f"form-{row.id}", password=PIN)
    assert isinstance(paid, AttemptRow)
    return paid


async def used(family: Family, mandate: str) -> int:
    """What counts in this month, in fen."""
    return (await family.here.node.mandates.seen(mandate, family.mother))[2]


async def wallet(family: Family, resident: str) -> int:
    """What is in a wallet, in fen."""
    return (await family.here.node.payments.wallet(resident)).available.fen


async def test_the_daughter_pays_and_the_mother_is_named(family: Family) -> None:
    mandate = await family.offered()
    row = await order(family, mandate, yuan("30.00"))

    attempt = await pay(family, row)

    assert (row.resident_id, row.representee_id, attempt.state) == (family.daughter, family.mother, "settled")
    assert (await wallet(family, family.daughter), await wallet(family, family.mother)) == (970_00, 0)
    uses = (await family.here.node.mandates.seen(mandate, family.mother))[1]
    assert [(use.kind, use.order_id, use.fen, use.returned_fen) for use in uses] == [("paid", row.id, 30_00, 0)]


@pytest.mark.parametrize("amount", ["50.01", "1000.00"])
async def test_one_payment_is_not_above_its_cap(family: Family, amount: str) -> None:
    mandate = await family.offered()
    row = await order(family, mandate, yuan(amount))

    with pytest.raises(CapReached):
        await pay(family, row)

    assert (await used(family, mandate), await wallet(family, family.daughter)) == (0, 1000_00)


async def test_sixty_four_at_once_never_exceed_the_months_cap(family: Family) -> None:
    mandate = await family.offered()
    orders = [await order(family, mandate, yuan("7.00")) for _ in range(64)]

    patient = Payments(family.here.services, EveryPassword())  # so many guesses at once would lock the real one
    await patient.start()

    try:
        outcomes = await asyncio.gather(*(pay(family, row, payments=patient) for row in orders), return_exceptions=True)
    finally:
        await patient.stop()

    settled = [one for one in outcomes if isinstance(one, AttemptRow) and one.state == "settled"]
    assert (len(settled), len([one for one in outcomes if isinstance(one, CapReached)])) == (14, 50)
    assert (await used(family, mandate), await wallet(family, family.daughter)) == (98_00, 1000_00 - 98_00)


async def test_a_new_month_in_china_has_the_whole_cap(family: Family, clock: ManualClock) -> None:
    mandate = await family.offered()
    for _ in range(2):
        await pay(family, await order(family, mandate, yuan("50.00")))
    first = month_of(clock.now())
    while month_of(clock.now()) == first:
        clock.advance(hours=6)

    await pay(family, await order(family, mandate, yuan("50.00")))

    assert await used(family, mandate) == 50_00


def test_a_month_begins_at_midnight_in_china() -> None:
    moments = (dt.datetime(2026, 11, 30, 15, 59, tzinfo=dt.UTC), dt.datetime(2026, 11, 30, 16, 0, tzinfo=dt.UTC))

    assert [month_of(moment) for moment in moments] == [dt.date(2026, 11, 1), dt.date(2026, 12, 1)]


async def test_a_payment_that_failed_or_was_returned_frees_the_cap(family: Family) -> None:
    mandate, payments = await family.offered(), family.here.node.payments
    left = await order(family, mandate, yuan("50.00"))
    attempt = await pay(family, left, channel="sandbox-bank")
    held = await used(family, mandate)
    await payments.till.close(attempt.id)
    after_closing = await used(family, mandate)
    paid = await order(family, mandate, yuan("40.00"))
    await pay(family, paid)

    async with payments.services.database.transaction() as session:
        fresh = await payments.orders.of_app(session, paid.id, "tea")
        refund = await payments.refunding.request(session, fresh, yuan("15.00"), reason="少了", key="r1")
    await payments.refunding.proceed(refund.id)

    assert (held, after_closing, await used(family, mandate)) == (50_00, 0, 25_00)


async def test_what_ended_pays_nothing(family: Family) -> None:
    mandate = await family.offered()
    row = await order(family, mandate, yuan("10.00"))

    await family.here.node.mandates.end(mandate, family.mother)

    with pytest.raises(MandateOver):
        await pay(family, row)
    assert await wallet(family, family.daughter) == 1000_00


def test_every_state_has_a_way_out_or_is_an_end() -> None:
    ends = set(State) - {state for state, _ in MOVES}

    assert ends == {State.REFUSED, State.REVOKED, State.LAPSED}
    assert {event: (sources(event), target(event)) for event in Event} == {
        Event.CONFIRM: ((State.ASKED,), State.ACTIVE),
        Event.REFUSE: ((State.ASKED,), State.REFUSED),
        Event.REVOKE: ((State.ACTIVE,), State.REVOKED),
        Event.LAPSE: ((State.ASKED, State.ACTIVE), State.LAPSED),
    }
