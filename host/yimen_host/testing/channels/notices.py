"""The checks about notices: heard once, and refused when they are stale, altered, forged or about nothing."""

from dataclasses import replace

from yimen_host.testing.channels.bench import PRICE, Bench
from yimen_host.testing.channels.expecting import begun, expect, refused, settled_once


async def a_notice_settles(bench: Bench) -> None:
    """A notice settles the payment, once."""
    order, attempt = await begun(bench)
    await bench.outside.pay(attempt, PRICE)

    await bench.hear(await bench.outside.notice(attempt))

    await settled_once(bench, order)


async def a_duplicate_notice_changes_nothing(bench: Bench) -> None:
    """The same notice, sent anew, is the same notice under another nonce, and does nothing more."""
    order, attempt = await begun(bench)
    await bench.outside.pay(attempt, PRICE)
    now, first = bench.clock.now(), await bench.outside.notice(attempt)
    await bench.hear(first)
    bench.clock.advance(seconds=15)
    again = await bench.outside.notice(attempt)

    await bench.hear(again)

    one = bench.channel.parse_notification(first.headers, first.body, now)
    two = bench.channel.parse_notification(again.headers, again.body, bench.clock.now())
    expect(two.notice_id, one.notice_id, "a notice keeps its id when it is sent anew")
    expect(two.nonce != one.nonce, True, "each sending has a nonce of its own")
    await settled_once(bench, order)


async def a_replayed_notice_changes_nothing(bench: Bench) -> None:
    """The very same bytes once more are known by their nonce."""
    order, attempt = await begun(bench)
    await bench.outside.pay(attempt, PRICE)
    notice = await bench.outside.notice(attempt)

    await bench.hear(notice)
    await bench.hear(notice)

    read = [bench.channel.parse_notification(notice.headers, notice.body, bench.clock.now()).nonce for _ in range(2)]
    expect(read[1], read[0], "the same bytes have the same nonce")
    await settled_once(bench, order)


async def a_notice_before_the_answer_is_heard(bench: Bench) -> None:
    """The notice comes first, the answers to our questions later: one payment."""
    order, attempt = await begun(bench)
    await bench.outside.pay(attempt, PRICE)

    await bench.hear(await bench.outside.notice(attempt))
    expect(type(await bench.channel.query(attempt.id)).__name__, "Paid", "a paid payment is told as paid when asked")
    await bench.payments.booking.apply(attempt, await bench.channel.query(attempt.id))

    await settled_once(bench, order)


async def a_stale_notice_is_refused(bench: Bench) -> None:
    """A notice of a day ago is refused, and so is one from tomorrow."""
    order, attempt = await begun(bench)
    await bench.outside.pay(attempt, PRICE)
    notice = await bench.outside.notice(attempt)
    bench.clock.advance(days=1)
    await refused(bench, notice, "a notice of a day ago")
    ahead = await bench.outside.notice(attempt)
    bench.clock.advance(days=-1)

    await refused(bench, ahead, "a notice from tomorrow")

    expect(await bench.states(order), ("open", ["submitted"]), "a refused notice changes nothing")


async def an_altered_notice_is_refused(bench: Bench) -> None:
    """One byte of the body, anywhere, or one header changed or lost: refused."""
    order, attempt = await begun(bench)
    await bench.outside.pay(attempt, PRICE)
    notice = await bench.outside.notice(attempt)
    for at in range(0, len(notice.body), max(1, len(notice.body) // 24)):
        flipped = bytes([notice.body[at] ^ 1])
        changed = replace(notice, body=notice.body[:at] + flipped + notice.body[at + 1 :])
        await refused(bench, changed, f"a notice whose byte {at} was changed")
    for name in notice.headers:
        if name.lower() != "content-type":
            rest = {key: value for key, value in notice.headers.items() if key != name}
            await refused(bench, replace(notice, headers=rest), f"a notice without {name}")
            await refused(bench, replace(notice, headers={**rest, name: "1"}), f"a notice with another {name}")
    await refused(bench, replace(notice, body=b""), "an empty notice")
    await refused(bench, replace(notice, body=b"\xff\xfe\x00"), "a notice that is no text")

    expect(await bench.states(order), ("open", ["submitted"]), "a refused notice changes nothing")


async def a_forged_notice_is_refused(bench: Bench) -> None:
    """A notice by another key is refused."""
    order, attempt = await begun(bench)
    await bench.outside.pay(attempt, PRICE)

    await refused(bench, await bench.outside.notice(attempt, forged=True), "a notice by another key")

    expect(await bench.states(order), ("open", ["submitted"]), "a refused notice changes nothing")


async def a_notice_about_nothing_we_know_is_refused(bench: Bench) -> None:
    """A signed notice about a payment that is not ours changes nothing."""
    order, _ = await begun(bench)
    before = await bench.money()

    await refused(bench, await bench.outside.strange_notice(), "a notice about a payment that is not ours")

    expect(await bench.money(), before, "a notice about nothing we know moves no money")
    expect(await bench.states(order), ("open", ["submitted"]), "nor does it touch a payment of ours")
