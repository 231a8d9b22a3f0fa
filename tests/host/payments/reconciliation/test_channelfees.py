"""What a channel keeps is a cost in our books, once for each day, however often the day is run."""

import asyncio

from sqlalchemy import text
from tests.host.payments.reconciliation.conftest import BANK, FRIDAY, Scene

from yimen_host.payments import chart
from yimen_host.payments.channels.channel import Capabilities
from yimen_host.payments.ledger import books
from yimen_host.payments.store import orders
from yimen_sdk.money import Money, yuan


async def held(scene: Scene) -> tuple[int, int]:
    """What the channel holds for us, and what it has kept."""
    async with scene.payments.services.database.transaction() as session:
        assert await books.audit(session) == []
        accounts = chart.clearing(BANK), chart.channel_fees(BANK)
        clearing, kept = [(await books.balance(session, code)).posted.fen for code in accounts]
    return -clearing, -kept


async def test_a_days_fees_are_booked_once(scene: Scene) -> None:
    scene.bank.capabilities = Capabilities(fee_bp=60, fee_least_fen=10, fee_most_fen=50)
    small, middle, large = await scene.pay("1.00"), await scene.pay("50.00"), await scene.pay("500.00")
    for attempt, fee in ((small, 10), (middle, 30), (large, 50)):
        scene.bank.instead[attempt.id] = [scene.line(attempt, fee=Money(fee))]
    scene.clock.advance(days=1)

    await scene.payments.reconciling.run(BANK, FRIDAY)
    await asyncio.gather(*(scene.payments.channel_fees.due() for _ in range(4)))
    await scene.payments.reconciling.run(BANK, FRIDAY)
    await scene.payments.channel_fees.due()

    assert await scene.breaks() == []
    assert await held(scene) == (55100 - 90, 90)


async def test_a_corrected_bill_books_the_difference(scene: Scene) -> None:
    scene.bank.capabilities = Capabilities()
    paid = await scene.pay("100.00")
    found = []
    scene.clock.advance(days=1)
    for fee in (60, 38, 60, 0):
        scene.bank.instead = {paid.id: [scene.line(paid, fee=Money(fee))]}
        await scene.payments.reconciling.run(BANK, FRIDAY)
        await scene.payments.channel_fees.due()
        found.append(await held(scene))

    assert found == [(9940, 60), (9962, 38), (9940, 60), (10000, 0)]


async def test_a_refund_brings_its_fee_back(scene: Scene) -> None:
    scene.bank.capabilities = Capabilities(fee_bp=60)
    paid = await scene.pay("100.00")
    async with scene.payments.services.database.transaction() as session:
        order = await orders.find(session, paid.order_id)
        assert order is not None
        refund = await scene.payments.refunding.request(session, order, yuan("50.00"), reason="cold", key="k")
    await scene.payments.refunding.proceed(refund.id)
    back = scene.line(paid, our_ref=refund.id, kind="refund", amount=yuan("50.00"), fee=Money(30))
    scene.bank.instead = {paid.id: [scene.line(paid, fee=Money(60))], refund.id: [back]}
    scene.clock.advance(days=1)

    await scene.payments.reconciling.run(BANK, FRIDAY)
    await scene.payments.channel_fees.due()

    assert await scene.breaks() == []
    assert await held(scene) == (4970, 30)


async def test_what_is_charged_too_much_is_a_break_and_no_cost_yet(scene: Scene) -> None:
    scene.bank.capabilities = Capabilities(fee_bp=60)
    paid = await scene.pay("100.00")
    scene.bank.instead = {paid.id: [scene.line(paid, fee=Money(75))]}
    scene.clock.advance(days=1)

    await scene.payments.reconciling.run(BANK, FRIDAY)
    await scene.payments.channel_fees.due()
    before = await held(scene)
    await scene.payments.resolving.to_suspense(await scene.only_break(), by="admin")

    assert [kind for _, kind, *_ in await scene.breaks()] == ["fee_differs"]
    assert (before, await held(scene)) == ((9940, 60), (9925, 60))
    async with scene.payments.services.database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM reconciliation_booked_fee")) == 1
