"""What an attacker may try at the cashier, each with the honest way beside it, which works."""

import pytest
from tests.host.conftest import clock as clock
from tests.host.conftest import services as services
from tests.host.payments.conftest import PASSWORD, open_order
from tests.host.payments.conftest import payments as payments
from tests.host.payments.site import browser, heading

from yimen_host.payments.facade import Payments
from yimen_sdk.money import yuan

PAID_ONCE = yuan("92.00")


async def test_a_replayed_form_pays_once(payments: Payments) -> None:
    order, ada = await open_order(payments, yuan("8.00")), browser(payments, "ada")
    form = {"attempt_key": await ada.attempt_key(order.id), "channel": "wallet", "password": PASSWORD}

    pages = [await ada.send(f"/cashier/{order.id}", **form) for _ in range(5)]

    assert [heading(page) for page in pages] == ["付款成功"] * 5
    assert (await payments.wallet("ada")).posted == PAID_ONCE


async def test_a_form_replayed_after_a_decline_does_not_try_again(payments: Payments) -> None:
    order, ada = await open_order(payments, yuan("108.00")), browser(payments, "ada")
    form = {"attempt_key": await ada.attempt_key(order.id), "channel": "wallet", "password": PASSWORD}
    await ada.send(f"/cashier/{order.id}", **form)
    top_up = await payments.orders.open_top_up("ada", yuan("50.00"))
    bank = await ada.send(
        f"/cashier/{top_up.id}",
        attempt_key=await ada.attempt_key(top_up.id),
        channel="sandbox-bank",
        password=PASSWORD,
    )
    await ada.send(bank.url.path, choice="confirm")

    replayed = await ada.send(f"/cashier/{order.id}", **form)
    before = (await payments.wallet("ada")).posted
    fresh = await ada.send(f"/cashier/{order.id}", **form | {"attempt_key": await ada.attempt_key(order.id)})

    assert (heading(replayed), before) == ("付款未成功", yuan("150.00"))
    assert (heading(fresh), (await payments.wallet("ada")).posted) == ("付款成功", yuan("42.00"))


@pytest.mark.parametrize("stolen", ["of another order", "of another session", "made up", "cut short", "none"])
async def test_a_form_key_from_elsewhere_is_refused(payments: Payments, stolen: str) -> None:
    order, ada = await open_order(payments, yuan("8.00")), browser(payments, "ada")
    right = await ada.attempt_key(order.id)
    key = {
        "of another order": await ada.attempt_key((await open_order(payments, yuan("8.00"))).id),
        "of another session": await browser(payments, "ada", "another").attempt_key(order.id),
        "made up": "a" * 43 + "." + "b" * 64,
        "cut short": right[:-1],
        "none": "",
    }[stolen]

    page = await ada.send(f"/cashier/{order.id}", attempt_key=key, channel="wallet", password=PASSWORD)

    assert (page.status_code, heading(page)) == (422, "收银台")
    assert (await payments.wallet("ada")).posted == yuan("100.00")
    honest = await ada.send(f"/cashier/{order.id}", attempt_key=right, channel="wallet", password=PASSWORD)
    assert (heading(honest), (await payments.wallet("ada")).posted) == ("付款成功", PAID_ONCE)


async def test_somebody_else_cannot_pay_or_leave_an_order(payments: Payments) -> None:
    order, bob = await open_order(payments, yuan("8.00")), browser(payments, "bob")
    key = await browser(payments, "ada", "ses-bob").attempt_key(order.id)

    paying = await bob.send(f"/cashier/{order.id}", attempt_key=key, channel="wallet", password=PASSWORD)
    leaving = await bob.send(f"/cashier/{order.id}/leave")

    assert (paying.status_code, leaving.status_code) == (404, 404)
    assert (await payments.wallet("ada")).posted == yuan("100.00")


async def test_a_channel_that_is_not_offered_is_refused(payments: Payments) -> None:
    top_up, ada = await payments.orders.open_top_up("ada", yuan("50.00")), browser(payments, "ada")

    for channel in ("wallet", "nobody", ""):
        page = await ada.send(
            f"/cashier/{top_up.id}",
            attempt_key=await ada.attempt_key(top_up.id),
            channel=channel,
            password=PASSWORD,
        )
        assert (page.status_code, heading(page)) == (422, "收银台")
    assert (await payments.wallet("ada")).posted == yuan("100.00")


async def test_a_title_cannot_carry_markup_into_the_cashier(payments: Payments) -> None:
    from yimen_host.payments.ordering import NewOrder, Payee

    async with payments.services.database.transaction() as session:
        order = await payments.orders.open(
            session,
            NewOrder("<script>steal()</script>", yuan("8.00"), return_path='/"onclick="x'),
            Payee("evil", "<img src=x>", "<b>bank</b>"),
            "ada",
        )

    page = await browser(payments, "ada").open(f"/cashier/{order.id}")

    assert "&lt;script&gt;steal()&lt;/script&gt;" in page.text
    assert not any(markup in page.text for markup in ("<script>steal", "<img src=x>", "<b>bank", '"onclick'))


@pytest.mark.parametrize("how", ["unsigned", "signed by another", "of the wallet", "of no channel"])
async def test_a_forged_notice_pays_nothing(payments: Payments, how: str) -> None:
    order, ada = await open_order(payments, yuan("8.00")), browser(payments, "ada")
    key = await ada.attempt_key(order.id)
    bank = await ada.send(f"/cashier/{order.id}", attempt_key=key, channel="sandbox-bank", password=PASSWORD)
    assert payments.bank is not None
    row = await payments.bank.payment(bank.url.path.split("/")[-1])
    assert row is not None
    row.state = "paid"
    right = payments.bank.notice(row)
    headers = dict(right.headers)
    if how == "unsigned":
        headers.pop("webhook-signature")
    if how == "signed by another":
        headers["webhook-signature"] = "v1,bm90IHRoZSBzaWduYXR1cmU="
    channel = {"of the wallet": "wallet", "of no channel": "none"}.get(how, "sandbox-bank")

    forged = await ada.client.post(f"/v1/callbacks/{channel}", content=right.body, headers=headers)
    before = await ada.open(f"/payments/{order.id}")
    genuine = await ada.client.post("/v1/callbacks/sandbox-bank", content=right.body, headers=right.headers)
    after = await ada.open(f"/payments/{order.id}")

    refused = 404 if how == "of no channel" else 401
    assert (forged.status_code, genuine.status_code, genuine.text) == (refused, 200, "success")
    assert ("待付款" in before.text, "已付款" in after.text) == (True, True)
