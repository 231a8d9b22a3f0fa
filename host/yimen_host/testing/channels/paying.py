"""The checks about paying: begin, refuse, stay silent, give up, pay late, pay twice."""

from yimen_host.payments import sweep
from yimen_host.testing.channels.bench import PRICE, Bench
from yimen_host.testing.channels.expecting import begun, expect, settled_once
from yimen_sdk.money import Money, yuan


async def prepare_moves_no_money(bench: Bench) -> None:
    """Preparing changes nothing in the ledger, and leaves the attempt to be decided."""
    order, before = await bench.order(), await bench.money()

    await bench.begin(order)

    expect(await bench.money(), before, "prepare moves no money")
    expect(await bench.states(order), ("open", ["submitted"]), "after prepare the payer decides")


async def a_wrong_amount_does_not_pay(bench: Bench) -> None:
    """Another amount than was asked for is told as it is, kept in suspense, and given back."""
    order, attempt = await begun(bench)
    await bench.outside.pay(attempt, yuan("0.01"))

    await bench.hear(await bench.outside.notice(attempt))

    expect(await bench.states(order), ("open", ["refunded"]), "a wrong amount does not pay the order")
    expect(await bench.outside.given_back(attempt), yuan("0.01"), "what was taken goes back")


async def a_refusal_leaves_the_order_open(bench: Bench) -> None:
    """The payer says no: nothing moved, and the order can be paid in another way."""
    order, attempt = await begun(bench)
    before = await bench.money()
    await bench.outside.decline(attempt)

    await bench.payments.till.ask(attempt.id)

    expect(await bench.states(order), ("open", ["declined"]), "a refused payment leaves its order open")
    expect(await bench.money(), before, "a refused payment moves no money")


async def silence_is_not_a_no(bench: Bench) -> None:
    """While the provider is silent we do not know; when it answers, the money is there."""
    order, attempt = await begun(bench)
    await bench.outside.pay(attempt, PRICE)
    await bench.outside.silence(True)
    await bench.payments.till.ask(attempt.id)
    expect(await bench.states(order), ("open", ["uncertain"]), "silence is neither yes nor no")
    await bench.payments.till.close(attempt.id)
    expect(await bench.states(order), ("open", ["uncertain"]), "silence about closing is neither yes nor no")
    await bench.outside.silence(False)
    bench.clock.advance(minutes=2)

    await sweep.settle_uncertain(bench.payments)

    await settled_once(bench, order)


async def a_silent_beginning_charges_nobody_twice(bench: Bench) -> None:
    """The provider is silent when it is told of the payment: it is asked later, and nothing is taken."""
    order, before = await bench.order(), await bench.money()
    await bench.outside.silence(True)
    attempt = await bench.begin(order)
    await bench.payments.till.ask(attempt.id)
    expect((await bench.states(order))[0], "open", "a silent beginning does not end the order")
    await bench.outside.silence(False)

    await bench.payments.till.close(attempt.id)

    expect(await bench.states(order), ("open", ["declined"]), "what never began can be given up")
    expect(await bench.money(), before, "a silent beginning moves no money")


async def closing_tells_of_money_that_was_taken(bench: Bench) -> None:
    """The payer paid just before we gave the payment up."""
    order, attempt = await begun(bench)
    await bench.outside.pay(attempt, PRICE)

    await bench.payments.till.close(attempt.id)

    await settled_once(bench, order)


async def late_money_goes_back(bench: Bench) -> None:
    """The order was cancelled, and the payer pays all the same: into suspense, and back."""
    order, attempt = await begun(bench)
    await bench.payments.till.close(attempt.id)
    async with bench.payments.services.database.transaction() as session:
        await bench.payments.orders.cancel(session, order)
    await bench.outside.pay(attempt, PRICE)

    await bench.hear(await bench.outside.notice(attempt))

    expect(await bench.states(order), ("cancelled", ["refunded"]), "money for a cancelled order does not stay")
    expect(await bench.outside.given_back(attempt), PRICE, "late money goes back")
    expect(await bench.money(), {"wallet:payer": 10000}, "nothing is left in suspense")


async def double_money_goes_back(bench: Bench) -> None:
    """Two payments of one order are both paid: the order keeps one."""
    order, first = await begun(bench)
    await bench.payments.till.close(first.id)
    second = await bench.begin(order, "second")
    await bench.outside.pay(second, PRICE)
    await bench.outside.pay(first, PRICE)

    await bench.hear(await bench.outside.notice(second))
    await bench.hear(await bench.outside.notice(first))

    expect(await bench.states(order), ("paid", ["refunded", "settled"]), "an order is paid once")
    back = (await bench.outside.given_back(first), await bench.outside.given_back(second))
    expect(back, (PRICE, Money(0)), "the money that came twice goes back once")
