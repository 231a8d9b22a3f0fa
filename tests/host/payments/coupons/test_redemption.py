"""Paying with coupons: locked once, used once, given back whole or in part, and never a fen astray."""

import asyncio

import pytest
from tests.host.payments.conftest import PASSWORD, TEA, open_order
from tests.host.payments.coupons.conftest import ADA, accounts, assert_sound, run_campaign, somebody, states
from tests.host.payments.merchants.forms import approved
from tests.host.payments.test_till import at_bank

from yimen_host.core.clock import ManualClock
from yimen_host.payments import chart, sweep
from yimen_host.payments.channels.sandbox_bank.bank import BankState
from yimen_host.payments.coupons.answers import Won
from yimen_host.payments.coupons.eligibility import Reason
from yimen_host.payments.coupons.errors import CouponRefused
from yimen_host.payments.coupons.models import CampaignRow
from yimen_host.payments.coupons.redemption import CouponChoice
from yimen_host.payments.facade import Payments
from yimen_host.payments.ledger import books
from yimen_host.payments.models import AttemptRow, OrderRow, RefundRow
from yimen_host.payments.ordering import NewOrder, Payee
from yimen_sdk.money import Money, yuan
from yimen_sdk.split import Part

PAYEE = chart.merchant_payable("greeting")


async def coupon(payments: Payments, **changes: object) -> tuple[CampaignRow, str]:
    """A running campaign, and the coupon that ada won of it."""
    campaign = await run_campaign(payments, **changes)
    won = await payments.coupons.claim(campaign.id, ADA)
    assert isinstance(won, Won)
    return campaign, won.coupon_id


async def pay(
    payments: Payments, order: OrderRow, *coupon_ids: str, channel: str = "wallet", form_key: str = "form"
) -> AttemptRow:
    """Send the cashier's form with coupons."""
    attempt = await payments.till.pay(
        order, channel=channel, form_key=form_key, password=PASSWORD, coupons=CouponChoice(coupon_ids, ADA.key)
    )
    assert isinstance(attempt, AttemptRow)
    return attempt


async def give_back(payments: Payments, order: OrderRow, amount: Money, key: str = "r1") -> RefundRow:
    """Refund part of an order, as its mini-app does."""
    async with payments.services.database.transaction() as session:
        refund = await payments.refunding.request(session, order, amount, reason="wrong tea", key=key)
    return await payments.refunding.proceed(refund.id)


async def holds(payments: Payments, code: str) -> Money:
    """What an account holds."""
    async with payments.services.database.transaction() as session:
        return (await books.balance(session, code)).posted


async def test_a_coupon_pays_its_part_and_the_merchant_gets_all(payments: Payments) -> None:
    campaign, mine = await coupon(payments)
    order = await open_order(payments, yuan("100.00"))

    attempt = await pay(payments, order, mine)

    assert (attempt.state, attempt.amount_fen) == ("settled", 90_00)
    assert await holds(payments, PAYEE) == yuan("100.00")
    assert await holds(payments, chart.wallet("ada")) == yuan("910.00")
    assert await accounts(payments, campaign.id) == {
        "budget": yuan("40.00"),
        "committed": Money(0),
        "spent": yuan("10.00"),
        "treasury": yuan("-50.00"),
    }
    assert await states(payments) == {"used": 1}
    await assert_sound(payments)


async def test_the_form_sent_twice_uses_the_coupon_once(payments: Payments) -> None:
    _, mine = await coupon(payments)
    order = await open_order(payments, yuan("100.00"))

    first, second = await asyncio.gather(pay(payments, order, mine), pay(payments, order, mine))

    assert first.id == second.id
    assert await holds(payments, PAYEE) == yuan("100.00")
    await assert_sound(payments)


async def test_one_coupon_pays_one_of_many_orders_at_once(payments: Payments) -> None:
    _, mine = await coupon(payments)
    orders = [await open_order(payments, yuan("100.00")) for _ in range(8)]

    answers = await asyncio.gather(*(pay(payments, order, mine) for order in orders), return_exceptions=True)

    refused = [answer for answer in answers if isinstance(answer, CouponRefused)]
    assert [error.reason for error in refused] == [Reason.NOT_IN_HAND] * 7
    assert await holds(payments, PAYEE) == yuan("100.00")
    assert await states(payments) == {"used": 1}
    await assert_sound(payments)


async def test_somebody_elses_coupon_is_refused(payments: Payments) -> None:
    _, mine = await coupon(payments)
    order = await open_order(payments, yuan("100.00"))

    with pytest.raises(CouponRefused):
        await payments.till.pay(
            order,
            channel="wallet",
            form_key="f",
            password=PASSWORD,
            coupons=CouponChoice((mine,), somebody(1).key),
        )

    assert await states(payments) == {"claimed": 1}
    assert (await payments.orders.of_resident(order.id, "ada")).state == "open"


@pytest.mark.parametrize(
    ("changes", "amount", "reason"),
    [
        ({}, "99.99", Reason.BELOW_THRESHOLD),
        ({"merchant_classes": ("market",)}, "100.00", Reason.OTHER_MERCHANT),
        ({"merchant_regions": ("5203",)}, "100.00", Reason.MERCHANT_ELSEWHERE),
    ],
)
async def test_a_coupon_that_does_not_fit_the_order_is_refused(
    payments: Payments, changes: dict[str, object], amount: str, reason: Reason
) -> None:
    _, mine = await coupon(payments, **changes)
    order = await open_order(payments, yuan(amount))

    with pytest.raises(CouponRefused) as refused:
        await pay(payments, order, mine)

    assert refused.value.reason == reason
    assert await states(payments) == {"claimed": 1}


async def test_coupons_of_different_groups_add_up(payments: Payments) -> None:
    _, one = await coupon(payments)
    _, two = await coupon(payments, stack_group="tea", face=yuan("5.00"))
    _, three = await coupon(payments, stack_group="tea", face=yuan("6.00"))
    order = await open_order(payments, yuan("100.00"))

    offered = await payments.coupons.offers(order, ADA)
    with pytest.raises(CouponRefused):
        await pay(payments, order, two, three)
    attempt = await pay(payments, order, *offered.choices[0].coupon_ids, form_key="again")

    assert [(choice.coupon_ids, choice.left) for choice in offered.choices] == [
        ((one, three), yuan("84.00")),
        ((one,), yuan("90.00")),
        ((three,), yuan("94.00")),
        ((two,), yuan("95.00")),
        ((), yuan("100.00")),
    ]
    assert attempt.amount_fen == 84_00
    assert await holds(payments, PAYEE) == yuan("100.00")
    await assert_sound(payments)


async def test_a_cancelled_order_gives_the_coupon_back(payments: Payments) -> None:
    _, mine = await coupon(payments)
    order = await open_order(payments, yuan("100.00"))
    await pay(payments, order, mine, channel="sandbox-bank")
    assert await states(payments) == {"locked": 1}

    async with payments.services.database.transaction() as session:
        await payments.orders.cancel(session, order)

    assert await states(payments) == {"released": 1}
    other = await open_order(payments, yuan("100.00"))
    assert (await pay(payments, other, mine)).state == "settled"
    await assert_sound(payments)


async def test_money_that_comes_after_the_cancelling_takes_no_coupon(payments: Payments) -> None:
    campaign, mine = await coupon(payments)
    order = await open_order(payments, yuan("100.00"))
    attempt = await pay(payments, order, mine, channel="sandbox-bank")
    async with payments.services.database.transaction() as session:
        await payments.orders.cancel(session, order)

    await at_bank(payments, await payments.till.attempt(attempt.id), BankState.PAID)

    assert (await payments.till.attempt(attempt.id)).state == "refunded"
    assert await holds(payments, PAYEE) == Money(0)
    assert (await accounts(payments, campaign.id))["committed"] == yuan("10.00")
    await assert_sound(payments)


async def test_paying_again_without_the_coupon_lets_it_go(payments: Payments) -> None:
    _, mine = await coupon(payments)
    order = await open_order(payments, yuan("100.00"))
    first = await pay(payments, order, mine, channel="sandbox-bank")
    await at_bank(payments, await payments.till.attempt(first.id), BankState.DECLINED)
    again = await pay(payments, order, mine, channel="sandbox-bank", form_key="again")
    await at_bank(payments, await payments.till.attempt(again.id), BankState.DECLINED)

    last = await pay(payments, order, form_key="without")

    assert (last.state, last.amount_fen) == ("settled", 100_00)
    assert await states(payments) == {"released": 1}
    await assert_sound(payments)


async def test_an_expired_order_gives_the_coupon_back(payments: Payments, clock: ManualClock) -> None:
    _, mine = await coupon(payments)
    order = await open_order(payments, yuan("100.00"))
    await pay(payments, order, mine, channel="sandbox-bank")
    clock.advance(hours=1)

    await sweep.sweep(payments)

    assert await states(payments) == {"released": 1}
    await assert_sound(payments)


@pytest.mark.parametrize("channel", ["wallet", "sandbox-bank"])
async def test_a_whole_refund_gives_the_coupon_back(payments: Payments, channel: str) -> None:
    campaign, mine = await coupon(payments)
    order = await open_order(payments, yuan("100.00"))
    attempt = await pay(payments, order, mine, channel=channel)
    if channel == "sandbox-bank":
        await at_bank(payments, await payments.till.attempt(attempt.id), BankState.PAID)

    refund = await give_back(payments, order, yuan("100.00"))

    assert (refund.state, refund.coupon_fen) == ("succeeded", 10_00)
    assert await holds(payments, PAYEE) == Money(0)
    assert await holds(payments, chart.wallet("ada")) == yuan("1000.00")
    assert await accounts(payments, campaign.id) == {
        "budget": yuan("40.00"),
        "committed": yuan("10.00"),
        "spent": Money(0),
        "treasury": yuan("-50.00"),
    }
    assert await states(payments) == {"released": 1}
    await assert_sound(payments)


async def test_refunds_in_parts_give_the_coupon_back_once_with_the_last(payments: Payments) -> None:
    campaign, mine = await coupon(payments)
    order = await open_order(payments, yuan("100.00"))
    await pay(payments, order, mine)

    parts, seen = [], []
    for fen in (1, 33_33, 4, 66_62):
        parts.append(await give_back(payments, order, Money(fen), key=f"r{fen}"))
        seen.append((await states(payments), (await accounts(payments, campaign.id))["committed"]))
        await assert_sound(payments)

    assert [part.coupon_fen for part in parts[:2]] == [0, 3_33]
    assert sum(part.coupon_fen for part in parts) == 10_00
    assert [state for state, _ in seen] == [{"used": 1}] * 3 + [{"released": 1}]
    assert (seen[1][1], seen[3][1]) == (yuan("3.33"), yuan("10.00"))
    assert await holds(payments, chart.wallet("ada")) == yuan("1000.00")
    assert await accounts(payments, campaign.id) == {
        "budget": yuan("40.00"),
        "committed": yuan("10.00"),
        "spent": Money(0),
        "treasury": yuan("-50.00"),
    }


async def test_refunds_at_once_that_add_up_give_the_coupon_back_once(payments: Payments) -> None:
    campaign, mine = await coupon(payments)
    order = await open_order(payments, yuan("100.00"))
    await pay(payments, order, mine)

    await asyncio.gather(*(give_back(payments, order, yuan("12.50"), key=f"r{n}") for n in range(8)))

    assert await states(payments) == {"released": 1}
    assert (await accounts(payments, campaign.id))["committed"] == yuan("10.00")
    await assert_sound(payments)


async def test_a_coupon_that_came_back_pays_again_and_comes_back_again(payments: Payments) -> None:
    campaign, mine = await coupon(payments)
    for count in (1, 2):
        order = await open_order(payments, yuan("100.00"))
        await pay(payments, order, mine, form_key=f"form{count}")
        for part in ("60.00", "40.00"):
            await give_back(payments, order, yuan(part), key=part)
            await assert_sound(payments)

    assert await states(payments) == {"released": 1}
    assert (await accounts(payments, campaign.id))["budget"] == yuan("40.00")


async def test_what_was_kept_for_a_coupon_is_free_after_its_time(payments: Payments, clock: ManualClock) -> None:
    campaign, mine = await coupon(payments)
    order = await open_order(payments, yuan("100.00"))
    await pay(payments, order, mine)
    await give_back(payments, order, yuan("60.00"))
    clock.advance(days=8)

    before = await accounts(payments, campaign.id)
    swept = [await payments.coupons.expiry.free_kept() for _ in range(2)]
    await give_back(payments, order, yuan("40.00"), key="rest")

    after = await accounts(payments, campaign.id)
    assert (before["committed"], swept) == (yuan("6.00"), [1, 0])
    assert (after["budget"], after["committed"], after["spent"]) == (yuan("50.00"), Money(0), Money(0))
    assert await states(payments) == {"used": 1}
    await assert_sound(payments)


async def test_many_refunds_at_once_never_exceed_what_each_paid(payments: Payments) -> None:
    campaign, mine = await coupon(payments)
    order = await open_order(payments, yuan("100.00"))
    await pay(payments, order, mine)

    answers = await asyncio.gather(
        *(give_back(payments, order, yuan("7.00"), key=f"r{n}") for n in range(24)), return_exceptions=True
    )

    done = [answer for answer in answers if isinstance(answer, RefundRow)]
    assert len(done) == 14
    assert await holds(payments, PAYEE) == yuan("2.00")
    spent = (await accounts(payments, campaign.id))["spent"]
    assert spent.fen == 10_00 - sum(refund.coupon_fen for refund in done)
    await assert_sound(payments)


async def test_a_refund_after_the_coupons_time_returns_its_money_to_the_budget(
    payments: Payments, clock: ManualClock
) -> None:
    campaign, mine = await coupon(payments)
    order = await open_order(payments, yuan("100.00"))
    await pay(payments, order, mine)
    clock.advance(days=8)

    await give_back(payments, order, yuan("100.00"))

    assert (await accounts(payments, campaign.id))["budget"] == yuan("50.00")
    assert await states(payments) == {"used": 1}


async def test_overdue_coupons_expire_and_the_campaign_settles_to_nothing(
    payments: Payments, clock: ManualClock
) -> None:
    campaign, _ = await coupon(payments)
    clock.advance(days=8)

    await sweep.sweep(payments)
    settled = await payments.coupons.planning.settle(campaign.id, by="planner")

    assert settled.state == "settled"
    assert await states(payments) == {"expired": 1}
    assert set((await accounts(payments, campaign.id)).values()) == {Money(0)}
    assert [(act.act, act.by) for act in await payments.coupons.planning.acts(campaign.id)] == [
        ("plan", "planner"),
        ("approve", "first"),
        ("approve", "second"),
        ("start", "planner"),
        ("end", None),
        ("settle", "planner"),
    ]
    await assert_sound(payments)


async def test_a_split_order_takes_a_coupon_only_where_every_merchant_may(payments: Payments) -> None:
    _, mine = await coupon(payments, merchant_classes=("life",), merchant_regions=("5201",))
    await approved(payments, "greeting", "farm-1", kind="market")
    await approved(payments, "greeting", "farm-2", regions="530000")
    await approved(payments, "greeting", "farm-3", regions="000000")

    answers = []
    for farm in ("farm-1", "farm-2", "farm-3"):
        order = await divided(payments, Part(farm, yuan("60.00")), Part("self", yuan("40.00")))
        try:
            answers.append((await pay(payments, order, mine)).state)
        except CouponRefused as refused:
            answers.append(refused.reason)

    assert answers == [Reason.OTHER_MERCHANT, Reason.MERCHANT_ELSEWHERE, "settled"]
    assert await holds(payments, chart.merchant_payable("greeting_farm-3")) == yuan("60.00")
    assert await holds(payments, PAYEE) == yuan("40.00")
    await assert_sound(payments)


async def test_a_merchant_that_nobody_approved_takes_no_limited_coupon(payments: Payments) -> None:
    _, mine = await coupon(payments, merchant_regions=("52",))
    async with payments.services.database.transaction() as session:
        stranger = Payee("stranger", "新店", "新店")
        order = await payments.orders.open(session, NewOrder("一杯茶", yuan("100.00")), stranger, "ada")

    with pytest.raises(CouponRefused) as refused:
        await pay(payments, order, mine)

    assert refused.value.reason == Reason.MERCHANT_ELSEWHERE


async def test_a_refund_of_a_split_order_goes_back_to_campaign_and_payer(payments: Payments) -> None:
    campaign, mine = await coupon(payments)
    await approved(payments, "greeting", "farm-1")
    order = await divided(payments, Part("farm-1", yuan("99.99")), Part("self", yuan("0.01")))
    await pay(payments, order, mine)

    await give_back(payments, order, yuan("50.00"))

    assert await holds(payments, chart.merchant_payable("greeting_farm-1")) == yuan("49.99")
    assert await holds(payments, PAYEE) == yuan("0.01")
    assert await holds(payments, chart.wallet("ada")) == yuan("955.00")
    assert (await accounts(payments, campaign.id))["spent"] == yuan("5.00")
    await assert_sound(payments)


async def divided(payments: Payments, *parts: Part) -> OrderRow:
    """An order of 100 yuan that several merchants get."""
    async with payments.services.database.transaction() as session:
        new = NewOrder("两样茶", yuan("100.00"), split=parts)
        return await payments.orders.open(session, new, TEA, "ada")
