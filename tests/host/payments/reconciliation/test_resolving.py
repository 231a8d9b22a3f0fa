"""How breaks end: taken in, moved to suspense, written off by two people; and how they do not."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.host.payments.reconciliation.conftest import BANK, FRIDAY, Scene

from yimen_host.payments.channels.sandbox_bank.bank import BankState
from yimen_host.payments.ledger import books
from yimen_host.payments.models import AttemptRow
from yimen_host.payments.reconciliation.errors import BreakMoved, SecondPersonNeeded
from yimen_host.payments.reconciliation.models import BreakRow
from yimen_sdk.money import Money

CLEARING = f"channel:{BANK}:clearing"


async def missing_here(scene: Scene) -> AttemptRow:
    """A payment that the bank first declined to us and then billed."""
    attempt = await scene.pay("7.00", state=BankState.DECLINED)
    scene.bank.extra = [scene.line(attempt)]
    async with scene.payments.services.database.transaction() as session:
        paid = text("UPDATE sandbox_bank_payment SET state = 'paid' WHERE merchant_ref = :ref")
        await session.execute(paid, {"ref": attempt.id})
    scene.bank.instead = {attempt.id: []}  # the bill's line comes from ``extra``
    scene.clock.advance(days=1)
    await scene.payments.reconciling.run(BANK, FRIDAY)
    return attempt


async def missing_there(scene: Scene) -> str:
    """A payment that the bank does not bill; its break."""
    paid = await scene.pay("3.00")
    scene.bank.instead = {paid.id: []}
    scene.clock.advance(days=1)
    await scene.payments.reconciling.run(BANK, FRIDAY)
    return await scene.only_break()


async def money(scene: Scene) -> dict[str, int]:
    """Every account with money, after an audit of the books."""
    async with scene.payments.services.database.transaction() as session:
        rows = await session.execute(text("SELECT code, balance FROM ledger_account WHERE balance <> 0"))
        found = {row.code: row.balance for row in rows}
        assert await books.audit(session) == []
    return found


def ended(row: BreakRow) -> tuple[str, str | None, str | None]:
    """How a break stands."""
    return (row.state, row.resolution, row.ended_by)


async def test_a_declined_payment_that_was_billed_goes_back_to_its_resident(scene: Scene) -> None:
    attempt = await missing_here(scene)
    before = (await scene.breaks(), await scene.unexplained())

    row = await scene.payments.resolving.take_in(await scene.only_break(), by="ann")

    assert before == ([(attempt.id, "missing_here", 700, "open", None)], 700)
    assert ended(row) == ("resolved", "taken_in", "ann")
    assert (await scene.payments.till.attempt(attempt.id)).state == "refunded"
    assert await money(scene) == {}
    assert await scene.unexplained() == 0


async def test_what_was_taken_in_is_no_difference_of_either_day(scene: Scene) -> None:
    await missing_here(scene)
    await scene.payments.resolving.take_in(await scene.only_break(), by="ann")
    booked = scene.clock.now().date()
    scene.clock.advance(days=1)

    friday = await scene.payments.reconciling.run(BANK, FRIDAY)
    other = await scene.payments.reconciling.run(BANK, booked)

    assert (friday.lines_here, friday.breaks, friday.breaks_fen) == (1, 0, 0)
    assert (other.lines_here, other.lines_there, other.breaks) == (1, 1, 0)  # the money that went back
    assert await scene.unexplained() == 0


async def test_taking_in_twice_books_once(scene: Scene) -> None:
    await missing_here(scene)
    break_id = await scene.only_break()

    answers = await asyncio.gather(
        *(scene.payments.resolving.take_in(break_id, by=f"ann{n}") for n in range(4)), return_exceptions=True
    )

    assert {type(answer) for answer in answers} <= {BreakRow, BreakMoved}
    assert await money(scene) == {}
    assert await scene.unexplained() == 0


async def test_money_that_is_not_there_moves_to_suspense(scene: Scene) -> None:
    break_id = await missing_there(scene)

    row = await scene.payments.resolving.to_suspense(break_id, by="ann")

    assert ended(row) == ("resolved", "suspense", "ann")
    assert await money(scene) == {"merchant:greeting:payable": 300, f"suspense:{BANK}": -300}
    assert await scene.unexplained() == 0


async def test_a_difference_is_written_off_by_two_people(scene: Scene) -> None:
    break_id = await missing_there(scene)
    resolving = scene.payments.resolving
    with pytest.raises(BreakMoved):
        await resolving.write_off(break_id, by="ann")
    await resolving.propose_write_off(break_id, by="ann")
    with pytest.raises(SecondPersonNeeded):
        await resolving.write_off(break_id, by="ann")
    before = await money(scene)

    row = await resolving.write_off(break_id, by="ben")

    assert before == {"merchant:greeting:payable": 300, CLEARING: -300}
    assert ended(row) == ("written_off", "loss", "ben")
    assert await money(scene) == {"merchant:greeting:payable": 300, f"loss:{BANK}": -300}


@pytest.mark.parametrize(
    "forged",
    [
        "UPDATE reconciliation_break SET state = 'written_off', resolution = 'loss', posting_key = 'x',"
        " proposer = 'ann', approver = 'ann'",
        "UPDATE reconciliation_break SET state = 'resolved', resolution = 'seen'",
        "UPDATE reconciliation_break SET state = 'resolved', resolution = 'suspense'",
        "UPDATE reconciliation_break SET difference_fen = 0",
        "DELETE FROM reconciliation_break",
        "UPDATE reconciliation_run SET breaks_fen = 0",
    ],
)
async def test_the_database_refuses_what_the_rules_do(scene: Scene, forged: str) -> None:
    await missing_there(scene)

    with pytest.raises(DBAPIError):
        async with scene.payments.services.database.transaction() as session:
            await session.execute(text(forged))

    assert await scene.unexplained() == -300


async def test_a_break_ends_once_whoever_presses_what(scene: Scene) -> None:
    break_id = await missing_there(scene)
    resolving = scene.payments.resolving
    await resolving.propose_write_off(break_id, by="ann")

    answers = await asyncio.gather(
        *(resolving.to_suspense(break_id, by=f"ben{n}") for n in range(3)),
        *(resolving.write_off(break_id, by=f"eve{n}") for n in range(3)),
        return_exceptions=True,
    )

    done = [answer for answer in answers if isinstance(answer, BreakRow)]
    assert len({row.state for row in done}) == 1
    found = await money(scene)
    assert CLEARING not in found
    assert sum(found.values()) == 0
    with pytest.raises(BreakMoved):
        await resolving.assign(break_id, to="ann")


async def test_a_break_without_money_is_only_seen(scene: Scene) -> None:
    paid = await scene.pay("1.00")
    scene.bank.extra = [scene.line(paid, our_ref="stranger", amount=Money(900, "USD"))]
    scene.clock.advance(days=1)
    await scene.payments.reconciling.run(BANK, FRIDAY)
    break_id = await scene.only_break()
    with pytest.raises(BreakMoved):
        await scene.payments.resolving.to_suspense(break_id, by="ann")

    row = await scene.payments.resolving.see(break_id, by="ann")

    assert ended(row) == ("resolved", "seen", "ann")


async def test_a_break_has_an_owner_who_can_hand_it_on(scene: Scene) -> None:
    break_id = await missing_there(scene)
    await scene.payments.resolving.assign(break_id, to="ann")

    row = await scene.payments.resolving.assign(break_id, to="ben")

    assert (row.state, row.owner) == ("assigned", "ben")
    assert await scene.unexplained() == -300
