"""A day's run: what agrees is silent, what differs is one break, and asking again changes nothing."""

import datetime as dt

import pytest
from sqlalchemy import text
from tests.host.payments.reconciliation.conftest import BANK, FRIDAY, Scene

from yimen_host.payments.channels.sandbox_bank.bank import BankState
from yimen_host.payments.reconciliation.errors import NoBill
from yimen_host.payments.reconciliation.models import RunRow
from yimen_host.payments.store import orders
from yimen_sdk.money import Money, yuan

SATURDAY = FRIDAY + dt.timedelta(days=1)


async def run(scene: Scene, day: dt.date = FRIDAY) -> RunRow:
    """Run a day the morning after."""
    return await scene.payments.reconciling.run(BANK, day)


async def tables(scene: Scene) -> list[tuple[object, ...]]:
    """All that reconciliation has written."""
    async with scene.payments.services.database.transaction() as session:
        rows = [tuple(row) for row in await session.execute(text("SELECT * FROM reconciliation_break ORDER BY id"))]
        runs = [tuple(row) for row in await session.execute(text("SELECT * FROM reconciliation_run"))]
    return rows + runs


async def test_a_day_that_agrees_has_no_breaks(scene: Scene) -> None:
    paid = await scene.pay("8.00")
    await scene.pay("5.00")
    async with scene.payments.services.database.transaction() as session:
        order = await orders.find(session, paid.order_id)
        assert order is not None
        refund = await scene.payments.refunding.request(session, order, yuan("3.00"), reason="cold", key="k")
    await scene.payments.refunding.proceed(refund.id)
    scene.clock.advance(days=1)

    ran = await run(scene)

    assert (ran.state, ran.lines_here, ran.lines_there, ran.ours_fen, ran.theirs_fen, ran.breaks) == (
        "done", 3, 3, 1000, 1000, 0,
    )  # fmt: skip
    assert await scene.breaks() == []


async def test_each_difference_is_a_break_of_its_kind(scene: Scene) -> None:
    missing, twice, amount, fee, way, currency = [await scene.pay(f"{n}.00") for n in range(1, 7)]
    declined = await scene.pay("7.00", state=BankState.DECLINED)
    uncertain = await scene.pay("8.00", told=False)
    stranger = scene.line(missing, our_ref="att_stranger", channel_ref="s", amount=yuan("9.00"))
    scene.bank.instead = {
        missing.id: [],
        twice.id: [scene.line(twice), scene.line(twice)],
        amount.id: [scene.line(amount, amount=yuan("3.50"))],
        fee.id: [scene.line(fee, fee=Money(2))],
        way.id: [scene.line(way, kind="refund")],
        currency.id: [scene.line(currency, amount=Money(600, "USD"))],
    }
    scene.bank.extra = [scene.line(declined), stranger]
    scene.clock.advance(days=1)

    ran = await run(scene)

    assert sorted(await scene.breaks()) == sorted(
        [
            (missing.id, "missing_there", -100, "open", None),
            (twice.id, "duplicate_there", 200, "open", None),
            (amount.id, "amount_differs", 50, "open", None),
            (fee.id, "fee_differs", -2, "open", None),
            (way.id, "kind_differs", -1000, "open", None),
            (currency.id, "currency_differs", -600, "open", None),
            (declined.id, "missing_here", 700, "open", None),
            (uncertain.id, "state_differs", 800, "open", None),
            ("att_stranger", "unknown_reference", 900, "open", None),
        ]
    )
    assert ran.theirs_fen - ran.ours_fen == await scene.unexplained() == 948


async def test_a_day_run_twice_changes_nothing(scene: Scene) -> None:
    paid, declined = await scene.pay("1.00"), await scene.pay("7.00", state=BankState.DECLINED)
    scene.bank.instead = {paid.id: [scene.line(paid), scene.line(paid), scene.line(paid)]}
    scene.bank.extra = [scene.line(declined)]
    scene.clock.advance(days=1)
    await run(scene)
    before = await tables(scene)

    await run(scene)

    assert len(before) == 4
    assert await tables(scene) == before


async def test_a_corrected_bill_ends_the_break(scene: Scene) -> None:
    paid = await scene.pay("1.00")
    scene.bank.instead = {paid.id: []}
    scene.clock.advance(days=1)
    await run(scene)
    scene.bank.instead = {}

    await run(scene)

    assert await scene.breaks() == [(paid.id, "missing_there", -100, "resolved", "gone")]
    assert await scene.unexplained() == 0


async def test_a_payment_over_midnight_explains_itself_the_next_day(scene: Scene) -> None:
    scene.clock.advance(hours=11, minutes=59)
    paid = await scene.pay("1.00", told=False)
    friday = scene.line(paid)
    scene.clock.advance(minutes=2)
    await scene.payments.till.ask(paid.id)
    scene.clock.advance(days=1)
    await run(scene)
    between = (await scene.breaks(), await scene.unexplained())
    scene.clock.advance(days=1)

    await run(scene, SATURDAY)
    await run(scene)

    assert friday.at.date() == FRIDAY
    assert between == ([(paid.id, "wrong_day", 100, "open", None)], 100)
    assert await scene.breaks() == [(paid.id, "wrong_day", 100, "resolved", "timing")]
    assert await scene.breaks(SATURDAY) == [(paid.id, "missing_there", -100, "resolved", "timing")]


async def test_one_payment_booked_for_two_is_found(scene: Scene) -> None:
    paid, other = await scene.pay("1.00"), await scene.pay("1.00")
    async with scene.payments.services.database.transaction() as session:
        twin = text("UPDATE payment_attempt SET channel_ref = :ref WHERE id = :id")
        await session.execute(twin, {"ref": paid.channel_ref, "id": other.id})
    scene.bank.instead = {other.id: []}
    scene.clock.advance(days=1)

    await run(scene)

    assert await scene.breaks() == [(other.id, "duplicate_here", -100, "open", None)]


async def test_a_settlement_that_the_ledger_does_not_know_is_found(scene: Scene) -> None:
    uncertain = await scene.pay("4.00", told=False)
    async with scene.payments.services.database.transaction() as session:
        forged = text("UPDATE payment_attempt SET state = 'settled', ended_at = :now WHERE id = :id")
        await session.execute(forged, {"now": scene.clock.now(), "id": uncertain.id})
    scene.clock.advance(days=1)

    await run(scene)

    assert await scene.breaks() == [(uncertain.id, "not_posted", 400, "open", None)]


async def test_words_of_the_channel_cannot_forge_lines(scene: Scene) -> None:
    paid = await scene.pay("1.00")
    evil = "x\ty\npayment\\N\\.\r"
    scene.bank.extra = [scene.line(paid)._replace(our_ref=evil, channel_ref="\\N")]
    scene.clock.advance(days=1)

    ran = await run(scene)

    assert ran.lines_there == 2
    assert await scene.breaks() == [(evil, "unknown_reference", 100, "open", None)]


async def test_the_clock_runs_each_day_once_its_bill_is_ready(scene: Scene) -> None:
    await scene.pay("1.00")
    scene.clock.advance(hours=21, minutes=59)  # Saturday, 9:59
    early = await scene.payments.reconciling.due()
    scene.clock.advance(minutes=1)
    scene.bank.silent = True
    await scene.payments.reconciling.due()
    silent = (await scene.payments.resolving.overview()).runs[0].state
    scene.bank.silent = False

    due, again = await scene.payments.reconciling.due(), await scene.payments.reconciling.due()

    assert (early, silent, due, again) == (3, "silent", 1, 0)
    first = (await scene.payments.resolving.overview()).runs[0]
    assert (first.day, first.state, first.lines_there) == (FRIDAY, "done", 1)


async def test_a_day_without_trade_is_quiet_and_not_late(scene: Scene) -> None:
    scene.bank.says_none = True
    scene.clock.advance(days=1)

    states = [(await run(scene)).state for _ in range(2)]

    assert (states, await scene.breaks()) == (["quiet", "quiet"], [])


async def test_no_bill_for_what_our_books_have_is_no_quiet_day(scene: Scene) -> None:
    await scene.pay("1.00")
    scene.bank.says_none = True
    scene.clock.advance(days=1)

    assert (await run(scene)).state == "silent"


async def test_a_channel_that_says_nothing_makes_no_day_quiet(scene: Scene) -> None:
    scene.bank.silent = True
    scene.clock.advance(days=1)
    silent = (await run(scene)).state
    scene.bank.silent, scene.bank.says_none = False, True
    quiet = (await run(scene)).state
    scene.bank.silent = True

    assert (silent, quiet, (await run(scene)).state) == ("silent", "quiet", "quiet")


async def test_a_bill_that_comes_after_all_is_compared(scene: Scene) -> None:
    scene.bank.says_none = True
    paid = await scene.pay("1.00")
    scene.clock.advance(days=2)
    saturday = FRIDAY + dt.timedelta(days=1)
    quiet = (await scene.payments.reconciling.run(BANK, saturday)).state
    scene.bank.says_none = False
    scene.bank.extra = [scene.line(paid)._replace(at=scene.clock.now() - dt.timedelta(days=1), our_ref="nobody's")]

    await scene.payments.reconciling.due()

    assert quiet == "quiet"
    assert await scene.breaks(saturday) == [("nobody's", "unknown_reference", 100, "open", None)]


async def test_no_bill_takes_nothing_back_from_a_day_that_was_compared(scene: Scene) -> None:
    await scene.pay("1.00")
    scene.clock.advance(days=1)
    compared = await run(scene)
    scene.bank.says_none = True

    again = await run(scene)

    assert (again.state, again.lines_there, again.ran_at) == ("done", 1, compared.ran_at)


async def test_a_day_that_is_not_over_has_no_bill(scene: Scene) -> None:
    with pytest.raises(NoBill):
        await run(scene)
    with pytest.raises(NoBill):
        await scene.payments.reconciling.run("wallet", FRIDAY - dt.timedelta(days=1))
