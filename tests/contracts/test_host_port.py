"""The promises of the port ``Host``, kept by the fake that authors test with and by the platform they run on."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from tests.contracts.platforms import Faked, Platform, Real, supplier
from tests.host.village import village

from yimen_host.core.services import Services
from yimen_sdk import (
    Application,
    ConsentRequired,
    Host,
    InvalidRequest,
    Merchant,
    Money,
    NotFound,
    Order,
    Part,
    Refused,
    SignInRequired,
    Unknown,
    yuan,
)

ALL = ("identity.name", "payments.order", "notices.send")
TEA = yuan("8.00")
FARM = Application(legal_name="一号茶园", credit_code="91350100M000100Y43", bank="沙箱银行", account="6222020200112233")


@pytest.fixture
def fake() -> Platform:
    return Faked()


@pytest.fixture
async def real(services: Services, tmp_path: Path) -> AsyncIterator[Platform]:
    async with supplier() as address, village(services, tmp_path, connections={"supplier.test": address}) as place:
        real = Real(place)
        yield real
        await real.close()


@pytest.fixture(params=["fake", "real"])
def platform(request: pytest.FixtureRequest) -> Platform:
    """Each platform in turn."""
    platform: Platform = request.getfixturevalue(request.param)
    return platform


async def paid(platform: Platform, host: Host, amount: Money = TEA) -> Order:
    """An order that was paid."""
    order = await host.payments.open_order("一杯茶", amount)
    await platform.pay(order)
    return order


async def test_an_order_is_opened_as_it_was_asked_for(platform: Platform) -> None:
    _, host = await platform.resident("ada", *ALL)

    order = await host.payments.open_order(" 一杯茶 ", TEA, reference="cup-1", return_path="/tea?n=1")

    assert (order.title, order.amount, order.state, order.reference, order.receipt_number) == (
        "一杯茶", TEA, "open", "cup-1", None,
    )  # fmt: skip
    assert order.cashier_url.endswith(f"/cashier/{order.id}")
    assert order.expires_at.tzinfo is not None
    assert await host.payments.order(order.id) == await platform.nobody().payments.order(order.id) == order


async def test_orders_are_found_page_by_page_and_only_ones_own(platform: Platform) -> None:
    _, host = await platform.resident("ada", *ALL)
    opened = [await host.payments.open_order(f"茶{number}", TEA, reference=f"cup-{number}") for number in range(5)]
    cancelled = await host.payments.cancel(opened[3].id)
    search = platform.nobody().payments.orders

    assert await search(limit=2) == opened[:2]
    assert await search(after=opened[1].id, limit=2) == [opened[2], cancelled]
    assert await search(after=opened[4].id) == []
    assert await search(reference="cup-2") == [opened[2]]
    assert await search(state="cancelled") == [cancelled]
    assert await search(created_from=dt.datetime(2020, 1, 1, tzinfo=dt.UTC), state="open", limit=1) == opened[:1]
    assert await search(created_from=dt.datetime(2100, 1, 1, tzinfo=dt.UTC)) == []
    with pytest.raises(NotFound):
        await search(after="ord_nobodys")
    with pytest.raises(InvalidRequest):
        await search(limit=201)


async def test_the_same_reference_is_the_same_order(platform: Platform) -> None:
    _, host = await platform.resident("ada", *ALL)
    order = await host.payments.open_order("一杯茶", TEA, reference="cup-1")

    assert await host.payments.open_order("一杯茶", TEA, reference="cup-1") == order
    assert (await host.payments.open_order("一杯茶", TEA)).id != order.id


async def test_a_reference_with_other_content_is_refused(platform: Platform) -> None:
    _, host = await platform.resident("ada", *ALL)
    open_order = host.payments.open_order
    await open_order("一杯茶", TEA, reference="cup-1")

    for other in (
        open_order("两杯茶", TEA, reference="cup-1"),
        open_order("一杯茶", yuan("16.00"), reference="cup-1"),
        open_order("一杯茶", TEA, reference="cup-1", return_path="/other"),
    ):
        with pytest.raises(Refused, match="reference cup-1 belongs to an order with other content"):
            await other


async def test_a_reference_of_another_resident_is_refused(platform: Platform) -> None:
    _, ada = await platform.resident("ada", *ALL)
    _, bob = await platform.resident("bob", *ALL)
    await ada.payments.open_order("一杯茶", TEA, reference="cup-1")

    with pytest.raises(Refused):
        await bob.payments.open_order("一杯茶", TEA, reference="cup-1")


async def test_a_malformed_order_names_what_is_wrong(platform: Platform) -> None:
    _, host = await platform.resident("ada", *ALL)
    open_order = host.payments.open_order
    wrong = {
        "title": [open_order(" ", TEA), open_order("茶" * 61, TEA)],
        "amount": [open_order("茶", Money(0)), open_order("茶", Money(-1)), open_order("茶", Money(1, "HKD"))],
        "reference": [open_order("茶", TEA, reference=""), open_order("茶", TEA, reference="x" * 65)],
        "return_path": [
            open_order("茶", TEA, return_path="tea"),
            open_order("茶", TEA, return_path="//elsewhere.test/"),
            open_order("茶", TEA, return_path=f"/{'x' * 500}"),
        ],
    }

    for fault, orders in wrong.items():
        for order in orders:
            with pytest.raises(InvalidRequest) as refusal:
                await order
            assert {name.split(".")[0] for name in refusal.value.faults} == {fault}


async def test_an_order_is_split_among_merchants(platform: Platform) -> None:
    _, host = await platform.resident("ada", *ALL)
    await platform.merchant("farm-1")
    split = (Part("farm-1", yuan("6.67")), Part("self", yuan("1.33")))

    order = await host.payments.open_order("一杯茶", TEA, reference="cup-1", split=split)

    assert order.split == split
    assert await host.payments.open_order("一杯茶", TEA, reference="cup-1", split=split) == order
    assert (await host.payments.orders())[0].split == split
    with pytest.raises(Refused):
        await host.payments.open_order("一杯茶", TEA, reference="cup-1")


async def test_a_wrong_split_is_refused(platform: Platform) -> None:
    _, host = await platform.resident("ada", *ALL)
    await platform.merchant("farm-1")

    for split in (
        (Part("farm-1", yuan("7.99")),),
        (Part("farm-9", TEA),),
        (Part("farm-1", yuan("4.00")), Part("farm-1", yuan("4.00"))),
        (Part("farm-1", yuan("9.00")), Part("self", yuan("-1.00"))),
    ):
        with pytest.raises(InvalidRequest):
            await host.payments.open_order("一杯茶", TEA, split=split)


async def test_a_refund_takes_from_each_merchant_what_it_got(platform: Platform) -> None:
    _, host = await platform.resident("ada", *ALL)
    await platform.merchant("farm-1")
    split = (Part("farm-1", yuan("6.00")), Part("self", yuan("2.00")))
    order = await host.payments.open_order("一杯茶", TEA, split=split)
    await platform.pay(order)

    by_rule = await host.payments.refund(order.id, yuan("0.03"), reason="cold", key="r1")
    named = await host.payments.refund(
        order.id, yuan("1.99"), reason="cold", key="r2", split=[Part("self", yuan("1.99"))]
    )
    with pytest.raises(Refused):
        await host.payments.refund(order.id, yuan("0.02"), reason="cold", key="r3", split=[Part("self", yuan("0.02"))])
    rest = await host.payments.refund(order.id, yuan("5.98"), reason="cold", key="r4")

    assert by_rule.split == (Part("farm-1", yuan("0.02")), Part("self", yuan("0.01")))
    assert named.split == (Part("self", yuan("1.99")),)
    assert rest.split == (Part("farm-1", yuan("5.98")),)


async def test_a_merchant_applies_and_sells_once_a_person_agreed(platform: Platform) -> None:
    _, host = await platform.resident("ada", *ALL)
    payments = platform.nobody().payments
    split = (Part("farm-1", TEA),)

    applied = await payments.add_merchant("farm-1", replace(FARM, account="6222 0202 0011 2233"))
    with pytest.raises(InvalidRequest):
        await host.payments.open_order("一杯茶", TEA, split=split)
    await platform.review("farm-1", agree=True)
    (approved,) = await payments.merchants()

    assert applied == Merchant("farm-1", "applied", "一号茶园", "91350100M000100Y43", "沙箱银行", "2233", None)
    assert approved == replace(applied, state="approved", approved_at=approved.approved_at)
    assert approved.approved_at is not None
    assert (await host.payments.open_order("一杯茶", TEA, split=split)).split == split


async def test_merchants_are_listed_page_by_page(platform: Platform) -> None:
    payments = platform.nobody().payments
    codes = ["b", "a-2", "a", "a1", "9"]
    for code in codes:
        await payments.add_merchant(code, FARM)

    first = await payments.merchants(limit=3)
    rest = await payments.merchants(after=first[-1].code, limit=3)

    assert [one.code for one in (*first, *rest)] == ["9", "a", "a-2", "a1", "b"]
    assert await payments.merchants(after="b") == []
    for after in ("nobody", "", "../tea", "a_b"):
        with pytest.raises(NotFound):
            await payments.merchants(after=after)
    for limit in (0, 201):
        with pytest.raises(InvalidRequest):
            await payments.merchants(limit=limit)


async def test_one_code_is_one_merchant_until_a_person_refuses_it(platform: Platform) -> None:
    payments = platform.nobody().payments
    other = replace(FARM, account="6222020200999999")
    applied = await payments.add_merchant("farm-1", FARM)

    assert await payments.add_merchant("farm-1", replace(FARM, credit_code=FARM.credit_code.lower())) == applied
    with pytest.raises(Refused):
        await payments.add_merchant("farm-1", other)
    await platform.review("farm-1", agree=False)
    assert (await payments.add_merchant("farm-1", FARM)).state == "refused"
    corrected = await payments.add_merchant("farm-1", other)
    await platform.review("farm-1", agree=True)
    with pytest.raises(Refused):
        await payments.add_merchant("farm-1", FARM)

    assert corrected == replace(applied, account_tail="9999")
    assert [one.account_tail for one in await payments.merchants()] == ["9999"]


async def test_every_fault_of_an_application_is_named(platform: Platform) -> None:
    payments = platform.nobody().payments
    wrong = Application(legal_name=" ", credit_code="91350100M000100Y44", bank="银" * 81, account="1234567")

    for code in ("self", "", "Farm", "a_b", "-a", "a" * 31):
        with pytest.raises(InvalidRequest) as refusal:
            await payments.add_merchant(code, wrong)
        assert set(refusal.value.faults) == {"code", "legal_name", "credit_code", "bank", "account"}
    assert await payments.merchants() == []


async def test_a_hundred_applications_wait_at_most(platform: Platform) -> None:
    payments = platform.nobody().payments

    answers = await asyncio.gather(
        *(payments.add_merchant(f"farm-{number}", FARM) for number in range(102)), return_exceptions=True
    )

    assert sorted(type(answer).__name__ for answer in answers) == [*["Merchant"] * 100, *["Refused"] * 2]


async def test_opening_an_order_needs_a_resident_who_consented(platform: Platform) -> None:
    _, host = await platform.resident("ada", "identity.name")

    with pytest.raises(ConsentRequired) as refusal:
        await host.payments.open_order("一杯茶", TEA)
    with pytest.raises(SignInRequired):
        await platform.nobody().payments.open_order("一杯茶", TEA)

    assert refusal.value.scope == "payments.order"


async def test_an_order_that_is_not_there_is_not_found(platform: Platform) -> None:
    payments = platform.nobody().payments

    for call in (
        payments.order("ord_nowhere"),
        payments.fulfil("ord_nowhere"),
        payments.cancel("ord_nowhere"),
        payments.refund("ord_nowhere", TEA, reason="凉了", key="k"),
    ):
        with pytest.raises(NotFound):
            await call


async def test_a_paid_order_has_a_receipt_and_is_fulfilled_once(platform: Platform) -> None:
    _, host = await platform.resident("ada", *ALL)
    order = await paid(platform, host)

    seen = await host.payments.order(order.id)
    fulfilled = [await platform.nobody().payments.fulfil(order.id) for _ in range(2)]

    assert seen.receipt_number
    assert seen == replace(order, state="paid", receipt_number=seen.receipt_number)
    assert fulfilled == [replace(seen, state="fulfilled")] * 2


async def test_an_order_that_nobody_paid_cannot_be_fulfilled(platform: Platform) -> None:
    _, host = await platform.resident("ada", *ALL)
    open_, cancelled = [await host.payments.open_order("一杯茶", TEA) for _ in range(2)]
    await host.payments.cancel(cancelled.id)

    for order in (open_, cancelled):
        with pytest.raises(Refused, match="not paid"):
            await host.payments.fulfil(order.id)

    assert [(await host.payments.order(order.id)).state for order in (open_, cancelled)] == ["open", "cancelled"]


async def test_an_open_order_is_cancelled_once_and_a_paid_one_never(platform: Platform) -> None:
    _, host = await platform.resident("ada", *ALL)
    order = await host.payments.open_order("一杯茶", TEA)
    sold = await paid(platform, host)

    assert [(await host.payments.cancel(order.id)).state for _ in range(2)] == ["cancelled", "cancelled"]
    with pytest.raises(Refused, match="is paid"):
        await host.payments.cancel(sold.id)
    assert (await host.payments.order(sold.id)).state == "paid"


async def test_refunds_never_exceed_what_was_paid(platform: Platform) -> None:
    _, host = await platform.resident("ada", *ALL)
    order = await paid(platform, host)

    first = await host.payments.refund(order.id, yuan("5.00"), reason="凉了", key="cup-1")
    partly = await host.payments.order(order.id)
    with pytest.raises(Refused):
        await host.payments.refund(order.id, yuan("3.01"), reason="凉了", key="cup-2")
    rest = await platform.nobody().payments.refund(order.id, yuan("3.00"), reason="凉了", key="cup-3")
    with pytest.raises(Refused):
        await host.payments.refund(order.id, Money(1), reason="凉了", key="cup-4")

    assert [(r.order_id, r.amount, r.state) for r in (first, rest)] == [
        (order.id, yuan("5.00"), "succeeded"), (order.id, yuan("3.00"), "succeeded"),
    ]  # fmt: skip
    assert (partly.state, (await host.payments.order(order.id)).state) == ("partially_refunded", "refunded")


async def test_the_same_key_is_the_same_refund(platform: Platform) -> None:
    _, host = await platform.resident("ada", *ALL)
    order = await paid(platform, host)
    other = await paid(platform, host)

    refunds = [await host.payments.refund(order.id, yuan("2.00"), reason="凉了", key="cup-1") for _ in range(2)]
    elsewhere = await host.payments.refund(other.id, yuan("2.00"), reason="凉了", key="cup-1")
    for amount, reason in ((yuan("3.00"), "凉了"), (yuan("2.00"), "洒了")):
        with pytest.raises(InvalidRequest):
            await host.payments.refund(order.id, amount, reason=reason, key="cup-1")

    assert (refunds[0], elsewhere.id == refunds[0].id) == (refunds[1], False)


async def test_what_was_given_back_whole_stays_given_back(platform: Platform) -> None:
    _, host = await platform.resident("ada", *ALL)
    order = await paid(platform, host)
    await host.payments.fulfil(order.id)
    await host.payments.refund(order.id, TEA, reason="凉了", key="cup-1")

    assert (await host.payments.fulfil(order.id)).state == "refunded"


async def test_a_malformed_refund_is_refused(platform: Platform) -> None:
    _, host = await platform.resident("ada", *ALL)
    order = await paid(platform, host)
    refund = partial(host.payments.refund, order.id)

    for wrong in (
        refund(Money(0), reason="凉了", key="k"),
        refund(Money(-1), reason="凉了", key="k"),
        refund(Money(1, "HKD"), reason="凉了", key="k"),
        refund(TEA, reason="", key="k"),
        refund(TEA, reason="凉" * 101, key="k"),
        refund(TEA, reason="凉了", key=""),
        refund(TEA, reason="凉了", key="第一杯"),
        refund(TEA, reason="凉了", key="k" * 101),
    ):
        with pytest.raises(InvalidRequest):
            await wrong

    assert (await host.payments.order(order.id)).state == "paid"


async def test_an_unpaid_order_gives_nothing_back(platform: Platform) -> None:
    _, host = await platform.resident("ada", *ALL)
    order = await host.payments.open_order("一杯茶", TEA)

    with pytest.raises(Refused):
        await host.payments.refund(order.id, TEA, reason="凉了", key="k")


async def test_a_notice_reaches_the_resident_it_names(platform: Platform) -> None:
    ada, host = await platform.resident("ada", *ALL)
    bob, _ = await platform.resident("bob", *ALL)

    await host.notices.send("ready", to=ada, number="1")
    await platform.nobody().notices.send("ready", to=ada, number="2")

    assert (await platform.inbox(ada), await platform.inbox(bob)) == (["第1号", "第2号"], [])


async def test_a_notice_needs_the_residents_consent(platform: Platform) -> None:
    ada, host = await platform.resident("ada", "payments.order")

    for unwelcome in (
        host.notices.send("ready", number="1"),
        platform.nobody().notices.send("ready", to=ada, number="1"),
    ):
        with pytest.raises(ConsentRequired) as refusal:
            await unwelcome
        assert refusal.value.scope == "notices.send"
    with pytest.raises(SignInRequired):
        await platform.nobody().notices.send("ready", number="1")
    assert await platform.inbox(ada) == []


async def test_a_notice_is_only_what_was_approved(platform: Platform) -> None:
    ada, host = await platform.resident("ada", *ALL)
    send = partial(host.notices.send, to=ada)

    with pytest.raises(NotFound):
        await send("unready", number="1")
    for wrong in (send("ready"), send("ready", number="1", colour="green"), send("ready", number="1" * 81)):
        with pytest.raises(InvalidRequest):
            await wrong

    assert await platform.inbox(ada) == []


async def test_a_stranger_cannot_be_sent_a_notice(platform: Platform) -> None:
    with pytest.raises(NotFound):
        await platform.nobody().notices.send("ready", to="somebody", number="1")


async def test_an_inbox_takes_ten_notices_a_day_of_one_mini_app(platform: Platform) -> None:
    ada, host = await platform.resident("ada", *ALL)
    bob, _ = await platform.resident("bob", *ALL)
    for number in range(10):
        await host.notices.send("ready", to=ada, number=str(number))

    with pytest.raises(Refused):
        await host.notices.send("ready", to=ada, number="10")
    await host.notices.send("ready", to=bob, number="1")

    assert (len(await platform.inbox(ada)), await platform.inbox(bob)) == (10, ["第1号"])


async def test_another_service_answers_through_the_platform(platform: Platform) -> None:
    network = platform.nobody().network

    leaves = await network.fetch("GET", "https://supplier.test/leaves?kind=green")
    taken = await network.fetch("POST", "https://supplier.test/orders", json={"leaves": 3})
    nothing = await network.fetch("GET", "https://supplier.test/nothing")

    assert [(a.status, a.json()) for a in (leaves, taken, nothing)] == [
        (200, {"leaves": 3}), (201, {"taken": True}), (404, {"error": "none"}),
    ]  # fmt: skip


async def test_a_silent_service_is_unknown_not_failed(platform: Platform) -> None:
    with pytest.raises(Unknown):
        await platform.nobody().network.fetch("GET", "https://supplier.test/silence", timeout=0.2)


async def test_a_service_that_was_not_approved_is_refused(platform: Platform) -> None:
    for url in ("https://elsewhere.test/", "https://supplier.test.elsewhere.test/", "supplier.test", ""):
        with pytest.raises(Refused):
            await platform.nobody().network.fetch("GET", url)


async def test_a_malformed_call_is_refused(platform: Platform) -> None:
    for method, seconds in (("BREW", 1.0), ("get", 1.0), ("GET", 0.0), ("GET", -1.0)):
        with pytest.raises(InvalidRequest):
            await platform.nobody().network.fetch(method, "https://supplier.test/nothing", timeout=seconds)
