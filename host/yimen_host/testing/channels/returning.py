"""The checks about giving money back, and about the bill that tells of it."""

import datetime as dt

from yimen_host.payments import sweep
from yimen_host.payments.channels.channel import NotReturned, RefundAsk
from yimen_host.testing.channels.bench import PRICE, Bench
from yimen_host.testing.channels.expecting import PART, expect

CHINA_AHEAD = dt.timedelta(hours=8)


async def a_refund_asked_for_twice_is_one(bench: Bench) -> None:
    """The same number is the same refund, whatever we have heard of it."""
    order, attempt = await bench.paid()
    refund = await bench.give_back(order, PART, "k")
    ask = RefundAsk(refund.id, attempt.id, PRICE, PART, "退")

    facts = [await bench.channel.refund(ask), await bench.channel.query_refund(ask)]

    expect([type(fact).__name__ for fact in facts], ["Returned", "Returned"], "a refund made is told as made")
    expect(await bench.refund_states(order), ["succeeded"], "the refund is made")
    expect(await bench.outside.given_back(attempt), PART, "a refund asked for twice gives back once")


async def refunds_in_parts_add_up(bench: Bench) -> None:
    """Parts go back as parts, and the last makes the whole."""
    order, attempt = await bench.paid()

    await bench.give_back(order, PART, "one")
    expect(await bench.outside.given_back(attempt), PART, "a part is a part")
    await bench.give_back(order, PRICE - PART, "two")

    expect(await bench.states(order), ("refunded", ["settled"]), "parts add up to the whole")
    expect(await bench.outside.given_back(attempt), PRICE, "the whole went back")
    expect(await bench.money(), {"wallet:payer": 10000}, "nothing is left of the payment")


async def a_silent_refund_is_asked_about(bench: Bench) -> None:
    """The provider is silent when it is asked to give back: later it is done, once."""
    order, attempt = await bench.paid()
    await bench.outside.silence(True)
    await bench.give_back(order, PRICE, "k")
    expect(await bench.refund_states(order), ["processing"], "silence about a refund is neither yes nor no")
    await bench.outside.silence(False)
    bench.clock.advance(minutes=2)

    await sweep.continue_refunds(bench.payments)

    expect(await bench.refund_states(order), ["succeeded"], "the refund is made when the provider answers")
    expect(await bench.outside.given_back(attempt), PRICE, "it is made once")


async def a_refund_never_asked_for_is_unknown(bench: Bench) -> None:
    """Asked about a refund that it never heard of, the channel says so: then it is safe to ask for it."""
    _, attempt = await bench.paid()

    fact = await bench.channel.query_refund(RefundAsk("ref_never", attempt.id, PRICE, PART, "退"))

    expect(fact, NotReturned("unknown"), "a refund never asked for is unknown")


async def the_bill_has_every_line(bench: Bench) -> None:
    """The day's bill names each payment and each refund by our numbers, with its amount above zero."""
    order, attempt = await bench.paid()
    refund = await bench.give_back(order, PART, "k")
    day = (bench.clock.now() + CHINA_AHEAD).date()
    bench.clock.advance(days=1)

    lines = [line async for line in bench.channel.statement(day)]

    told = sorted((line.channel, line.kind, line.our_ref, line.amount) for line in lines)
    payment = (bench.channel.id, "payment", attempt.id, PRICE)
    expect(told, [payment, (bench.channel.id, "refund", refund.id, PART)], "the bill has every line")
