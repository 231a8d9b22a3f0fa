"""What the two providers' channels do beyond the suite: bills, time-outs, and attacks on their notices."""

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from tests.host.payments.channels.outsides import Simulated, alipay, simulated, wechatpay

from yimen_host.core.clock import ManualClock
from yimen_host.core.services import Services
from yimen_host.payments.channels.asking import in_time
from yimen_host.payments.channels.channel import (
    Ask,
    ChannelSilent,
    GoTo,
    NoStatement,
    NotPaid,
    PaymentChannel,
    PersonNeeded,
    RefundAsk,
    Returning,
    ShowCode,
    StatementLine,
    Step,
    Visit,
    Waiting,
)
from yimen_host.payments.errors import NoticeRefused
from yimen_sdk.money import Money, yuan
from yimen_sdk.pages import CHINA

DAY = dt.date(2026, 11, 21)
AT = dt.datetime(2026, 11, 21, 16, tzinfo=CHINA)  # when the test's clock begins


@pytest.fixture(params=["wechat", "alipay"])
async def both(request: pytest.FixtureRequest, services: Services) -> AsyncIterator[tuple[PaymentChannel, Simulated]]:
    """Each provider's channel in turn, with the simulator."""
    async with simulated(services, request.param) as pair:
        yield pair


@pytest.fixture
async def wechat(services: Services) -> AsyncIterator[tuple[PaymentChannel, Simulated]]:
    """WeChat Pay with the simulator."""
    async with simulated(services, "wechat") as pair:
        yield pair


def trade(outside: Simulated, ref: str, fen: int) -> None:
    """A payment that was paid today."""
    outside.world.books.expect(outside.provider, ref, "茶, 一杯", fen, "http://host.test")
    assert outside.world.books.pay(outside.provider, ref)


async def bill(channel: PaymentChannel) -> list[StatementLine]:
    """The lines of the day."""
    return [line async for line in channel.statement(DAY)]


def ask(services: Services, *, mobile: bool) -> Ask:
    """A payment to prepare."""
    return Ask(
        attempt_id="att_1",
        resident_id="ada",
        title="一杯茶",
        payee="茶馆",
        amount=yuan("8.00"),
        return_url="http://portal.test/back?a=1",
        notify_url="http://portal.test/notify",
        expires_at=services.clock.now() + dt.timedelta(minutes=30),
        visit=Visit(mobile, "203.0.113.7"),
    )


async def test_a_bill_is_read_with_amounts_fees_and_times(
    both: tuple[PaymentChannel, Simulated], clock: ManualClock
) -> None:
    channel, outside = both
    trade(outside, "att_1", 10000)
    outside.world.books.give_back(outside.provider, "ref_1", "att_1", 2500)
    clock.advance(days=1)

    lines = await bill(channel)

    told = [(line.kind, line.our_ref, line.amount, line.fee, line.at) for line in lines]
    assert told == [
        ("payment", "att_1", Money(10000), Money(60), AT),
        ("refund", "ref_1", Money(2500), Money(15), AT),
    ]


async def test_a_bill_with_planted_differences_tells_them_as_they_are(
    both: tuple[PaymentChannel, Simulated], clock: ManualClock
) -> None:
    channel, outside = both
    for n in range(3):
        trade(outside, f"att_{n}", 800)
    faults = outside.world.faults
    faults.missing_line = faults.extra_line = faults.wrong_line = True
    clock.advance(days=1)

    assert [(line.our_ref, line.amount.fen) for line in await bill(channel)] == [
        ("att_1", 800),
        ("att_2", 801),
        ("nobody-knows", 777),
    ]


async def test_a_bill_of_today_is_not_ready(both: tuple[PaymentChannel, Simulated]) -> None:
    channel, _ = both

    with pytest.raises(ChannelSilent, match="has no bill of 2026-11-21"):
        await bill(channel)


async def test_a_quiet_day_has_no_bill_by_the_providers_word(
    both: tuple[PaymentChannel, Simulated], clock: ManualClock
) -> None:
    channel, _ = both
    clock.advance(days=1)

    with pytest.raises(NoStatement, match="has no bill of 2026-11-21"):
        await bill(channel)


async def test_a_bill_with_another_hash_tells_no_line(
    wechat: tuple[PaymentChannel, Simulated], clock: ManualClock
) -> None:
    channel, outside = wechat
    trade(outside, "att_1", 800)
    outside.world.faults.wrong_hash = True
    clock.advance(days=1)

    with pytest.raises(ChannelSilent, match="does not have the hash"):
        await bill(channel)


async def test_an_answer_signed_by_somebody_else_is_silence(both: tuple[PaymentChannel, Simulated]) -> None:
    channel, outside = both
    trade(outside, "att_1", 800)
    outside.world.faults.forged_answers = True

    with pytest.raises(ChannelSilent, match="no answer we can trust"):
        await channel.query("att_1")


async def test_a_provider_that_takes_too_long_is_silent(
    both: tuple[PaymentChannel, Simulated], services: Services
) -> None:
    _, outside = both
    trade(outside, "att_1", 800)
    origin, outside.world.faults.silent_before = outside.world.origin, 2.0
    slow = wechatpay(origin, 0.3) if outside.provider == "wechat" else alipay(services, origin, 0.3)

    with pytest.raises(ChannelSilent):
        await in_time(slow.query("att_1"))


async def test_a_phone_is_led_to_wechat_and_a_desk_shown_a_code(
    wechat: tuple[PaymentChannel, Simulated], services: Services
) -> None:
    channel, outside = wechat
    steps: list[Step] = [await channel.prepare(ask(services, mobile=mobile)) for mobile in (True, False)]

    known = outside.world.books.trade("wechat", "att_1")
    assert known is not None
    page = f"{outside.world.origin}/pay/{known.number}"
    back = "http%3A%2F%2Fportal.test%2Fback%3Fa%3D1"
    assert steps == [GoTo(f"{page}?from=h5&redirect_url={back}", "att_1"), ShowCode(page, "att_1")]


async def test_a_payment_that_alipay_does_not_know_may_still_be_opened(services: Services) -> None:
    async with simulated(services, "alipay") as (channel, _):
        await channel.prepare(ask(services, mobile=False))

        assert (await channel.query("att_1"), await channel.close("att_1")) == (Waiting(), NotPaid("closed"))


@pytest.mark.parametrize(("state", "fact"), [("PROCESSING", Returning()), ("ABNORMAL", PersonNeeded("abnormal"))])
async def test_a_refund_that_takes_time_or_a_person_is_told_so(
    wechat: tuple[PaymentChannel, Simulated], state: str, fact: object
) -> None:
    channel, outside = wechat
    trade(outside, "att_1", 800)
    outside.world.faults.refund_state = state

    assert await channel.refund(RefundAsk("ref_1", "att_1", Money(800), Money(300), "退")) == fact


async def test_a_notice_that_names_another_key_makes_nobody_call_out(
    wechat: tuple[PaymentChannel, Simulated], clock: ManualClock
) -> None:
    channel, outside = wechat
    notice = await outside.strange_notice()
    asked: list[str] = []
    library = channel._provider._library._core  # type: ignore[attr-defined]  # what an attacker would make it do
    library._update_certificates = lambda: asked.append("certificates")
    forged = {**notice.headers, "Wechatpay-Serial": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"}

    with pytest.raises(NoticeRefused):
        channel.parse_notification(forged, notice.body, clock.now())

    assert asked == []


async def test_a_notice_for_another_merchant_is_refused(services: Services, clock: ManualClock) -> None:
    for provider in ("wechat", "alipay"):
        async with simulated(services, provider) as (channel, outside):
            right = await outside.strange_notice()
            channel.parse_notification(right.headers, right.body, clock.now())
            world = outside.world
            world.papers = replace(world.papers, mchid="1", alipay_appid="1")
            wrong = await outside.strange_notice()
            with pytest.raises(NoticeRefused, match="for another merchant"):
                channel.parse_notification(wrong.headers, wrong.body, clock.now())
