"""Webhooks as their receiver meets them: signed, again after a failure, in order, and never where they must not go."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook, WebhookVerificationError
from tests.host.payments.conftest import PASSWORD, OnePassword, open_order
from tests.host.raised import raised
from tests.host.receiver import Receiver, receiver

from yimen_host.core import keeping
from yimen_host.core.alerts import day_of
from yimen_host.core.clock import ManualClock
from yimen_host.core.errors import Later
from yimen_host.core.outbox import Happening, publish
from yimen_host.core.services import Services
from yimen_host.forgetting import PASTS, forget
from yimen_host.payments.demo import grant_demo_balance
from yimen_host.payments.events import NOTICE_MONEY_LATE, PAYMENT_SETTLED, REFUND_ENDED, TOLD
from yimen_host.payments.facade import Payments
from yimen_host.payments.models import OrderRow
from yimen_host.payments.webhooks import store
from yimen_host.payments.webhooks.endpoints import Endpoints, Made
from yimen_host.payments.webhooks.schedule import MAX_AGE
from yimen_host.payments.webhooks.sending import AT_ONCE_EACH, Sender
from yimen_host.payments.webhooks.telling import tell
from yimen_sdk.money import yuan


@pytest.fixture
def clock() -> ManualClock:
    """Receivers check the time against the machine's clock, so the test's begins there."""
    return ManualClock(dt.datetime.now(dt.UTC))


@pytest.fixture
async def shop() -> AsyncIterator[tuple[Receiver, str]]:
    async with receiver() as found:
        yield found


@pytest.fixture
def here(services: Services, shop: tuple[Receiver, str]) -> Services:
    settings = services.settings.model_copy(update={"connections": {"shop.test": shop[1]}})
    return replace(services, settings=settings)


@pytest.fixture
async def sender(here: Services) -> AsyncIterator[Sender]:
    sender = Sender(here, chance=lambda: 0.0)
    yield sender
    await sender.close()


@pytest.fixture
async def made(here: Services) -> Made:
    return await Endpoints(here).add("tea", "https://shop.test/hooks?n=1", known=TOLD)


async def happen(here: Services, id: str, *, subject: str = "ord_1", type_: str = PAYMENT_SETTLED) -> None:
    """Something happens to the tea house's order."""
    async with here.database.transaction() as session:
        happening = Happening(id, type_, subject, {"order_id": subject, "题": "茶"}, here.clock.now())
        await publish(session, happening, to=[])
        await tell(session, "tea", happening, told=TOLD)


async def give_back(payments: Payments, order: OrderRow, part: str) -> None:
    """Refund a part of an order."""
    async with payments.services.database.transaction() as session:
        refund = await payments.refunding.request(session, order, yuan(part), reason="凉了", key=f"key-{part}")
    await payments.refunding.proceed(refund.id)


async def letters(here: Services, made: Made) -> list[tuple[str, str, int, int | None]]:
    """Event, state, tries and last status of each delivery, oldest first."""
    async with here.database.transaction() as session:
        found = await store.newest(session, made.endpoint.id, 50)
    return [(x.event.id, x.delivery.state, x.delivery.attempts, x.delivery.last_status) for x in reversed(found)]


async def number(here: Services, made: Made, place: int = 0) -> int:
    """The id of a delivery, by its place among them."""
    async with here.database.transaction() as session:
        found = sorted(x.delivery.id or 0 for x in await store.newest(session, made.endpoint.id, 50))
    return found[place]


async def test_the_receiver_can_verify_what_it_hears(
    here: Services, sender: Sender, made: Made, shop: tuple[Receiver, str]
) -> None:
    await happen(here, "evt_1")

    await sender.send(await number(here, made))

    ((headers, body),) = shop[0].heard
    said = Webhook(made.secret).verify(body, headers)
    assert said == {
        "type": "yimen.payment.settled",
        "timestamp": here.clock.now().isoformat(),
        "subject": "ord_1",
        "sequence": 1,
        "data": {"order_id": "ord_1", "题": "茶"},
    }
    assert (headers["host"], headers["webhook-id"]) == ("shop.test", "evt_1")
    assert await letters(here, made) == [("evt_1", "delivered", 1, 204)]
    with pytest.raises(WebhookVerificationError):
        Webhook(made.secret).verify(body.replace("茶", "酒"), headers)


async def test_a_delivered_event_is_not_sent_a_second_time(
    here: Services, sender: Sender, made: Made, shop: tuple[Receiver, str]
) -> None:
    await happen(here, "evt_1")
    delivery = await number(here, made)

    await sender.send(delivery)
    await sender.send(delivery)

    assert len(shop[0].heard) == 1


async def test_a_failed_try_is_repeated_until_it_is_a_dead_letter(
    here: Services, sender: Sender, made: Made, shop: tuple[Receiver, str], clock: ManualClock
) -> None:
    await happen(here, "evt_1")
    delivery, waits = await number(here, made), []
    shop[0].status = 503

    while (await letters(here, made))[0][1] == "pending":
        try:
            await sender.send(delivery)
        except Later as later:
            waits.append(int((later.at - clock.now()).total_seconds()))
            clock.advance(seconds=max(waits[-1], 600))  # past the rest of the endpoint, too

    assert waits == [10, 60, 300, 1800, 7200, 28800, 86400, 172800]
    assert await letters(here, made) == [("evt_1", "dead", 9, 503)]
    assert await raised(here.database) == [("webhooks_dead", f"{made.endpoint.id}:{day_of(clock.now())}")]


async def test_a_dead_letter_is_sent_again_under_its_own_id(
    here: Services, sender: Sender, made: Made, shop: tuple[Receiver, str], clock: ManualClock
) -> None:
    await happen(here, "evt_1")
    shop[0].status = 410
    await sender.send(await number(here, made))
    assert await letters(here, made) == [("evt_1", "dead", 1, 410)]
    shop[0].status = 204
    endpoints = Endpoints(here)

    await endpoints.start("tea", made.endpoint.id)
    assert await endpoints.send_dead_again("tea", made.endpoint.id) == 1
    await sender.send(await number(here, made))

    assert await letters(here, made) == [("evt_1", "delivered", 1, 204)]
    assert [headers["webhook-id"] for headers, _ in shop[0].heard] == ["evt_1", "evt_1"]


async def test_an_endpoint_that_is_gone_hears_nothing_more(
    here: Services, sender: Sender, made: Made, shop: tuple[Receiver, str]
) -> None:
    await happen(here, "evt_1")
    shop[0].status = 410
    await sender.send(await number(here, made))

    await happen(here, "evt_2")

    assert await letters(here, made) == [("evt_1", "dead", 1, 410)]


async def test_a_publisher_is_told_once_a_day_however_many_letters_die(
    here: Services, sender: Sender, made: Made, shop: tuple[Receiver, str], clock: ManualClock
) -> None:
    shop[0].status = 410
    days = []
    for place in range(3):
        clock.advance(days=int(place == 2))
        days.append(str(day_of(clock.now())))
        await happen(here, f"evt_{place}", subject=f"ord_{place}")
        await sender.send(await number(here, made, place))
        await Endpoints(here).start("tea", made.endpoint.id)

    assert [state for _, state, _, _ in await letters(here, made)] == ["dead"] * 3
    assert await raised(here.database) == [("webhooks_dead", f"{made.endpoint.id}:{day}") for day in days[1:]]


async def test_while_an_endpoint_rests_nothing_is_tried(
    here: Services, sender: Sender, made: Made, shop: tuple[Receiver, str], clock: ManualClock
) -> None:
    await happen(here, "evt_1", subject="ord_1")
    await happen(here, "evt_2", subject="ord_2")
    shop[0].status = 500
    with pytest.raises(Later):
        await sender.send(await number(here, made, 0))

    with pytest.raises(Later) as later:
        await sender.send(await number(here, made, 1))

    assert later.value.at == clock.now() + dt.timedelta(seconds=2)
    assert len(shop[0].heard) == 1
    assert [letter[2] for letter in await letters(here, made)] == [1, 0]


async def test_what_a_paused_endpoint_misses_waits_and_is_given_up_in_the_end(
    here: Services, sender: Sender, made: Made, shop: tuple[Receiver, str], clock: ManualClock
) -> None:
    await Endpoints(here).pause("tea", made.endpoint.id)
    await happen(here, "evt_1")
    with pytest.raises(Later):
        await sender.send(await number(here, made))
    clock.advance(seconds=MAX_AGE.total_seconds() + 1)

    await sender.send(await number(here, made))

    assert (shop[0].heard, await letters(here, made)) == ([], [("evt_1", "dead", 0, None)])
    assert [kind for kind, _ in await raised(here.database)] == ["webhooks_dead"]


async def test_a_slow_endpoint_takes_few_places(
    here: Services, sender: Sender, made: Made, shop: tuple[Receiver, str]
) -> None:
    for place in range(AT_ONCE_EACH + 1):
        await happen(here, f"evt_{place}", subject=f"ord_{place}")
    shop[0].open.clear()
    under_way = [asyncio.create_task(sender.send(await number(here, made, place))) for place in range(AT_ONCE_EACH)]
    async with asyncio.timeout(5):
        while len(shop[0].heard) < AT_ONCE_EACH:  # noqa: ASYNC110  the shop has no other way to tell
            await asyncio.sleep(0.01)

    with pytest.raises(Later):
        await sender.send(await number(here, made, AT_ONCE_EACH))
    shop[0].open.set()
    await asyncio.gather(*under_way)
    await sender.send(await number(here, made, AT_ONCE_EACH))

    assert {letter[1] for letter in await letters(here, made)} == {"delivered"}


async def test_both_secrets_sign_for_a_day_after_a_change(
    here: Services, sender: Sender, made: Made, shop: tuple[Receiver, str], clock: ManualClock
) -> None:
    new = await Endpoints(here).rotate("tea", made.endpoint.id)
    await happen(here, "evt_1")
    await happen(here, "evt_2")
    await sender.send(await number(here, made, 0))
    clock.advance(hours=25)
    await sender.send(await number(here, made, 1))

    (during, body), (after, _) = shop[0].heard

    assert Webhook(made.secret).verify(body, during) == Webhook(new).verify(body, during)
    assert (len(during["webhook-signature"].split()), len(after["webhook-signature"].split())) == (2, 1)


@pytest.mark.parametrize("status", [301, 302, 307])
async def test_a_redirect_is_a_failure_and_is_not_followed(
    here: Services, sender: Sender, made: Made, shop: tuple[Receiver, str], status: int
) -> None:
    await happen(here, "evt_1")
    shop[0].status, shop[0].location = status, f"location: {shop[1]}/inside\r\n"

    with pytest.raises(Later):
        await sender.send(await number(here, made))

    assert (len(shop[0].heard), await letters(here, made)) == (1, [("evt_1", "pending", 1, status)])


async def test_a_name_that_leads_inside_is_not_called(
    here: Services, sender: Sender, shop: tuple[Receiver, str]
) -> None:
    made = await Endpoints(here).add("tea", "https://localhost/hooks")
    await happen(here, "evt_1")

    with pytest.raises(Later):
        await sender.send(await number(here, made))

    _, _, (letter,) = await Endpoints(here).show("tea", made.endpoint.id)
    assert letter.delivery.last_error == "localhost leads to an address inside a private network"


async def test_an_endpoint_hears_the_types_it_wants_and_no_other_app(here: Services) -> None:
    endpoints = Endpoints(here)
    refunds = await endpoints.add("tea", "https://shop.test/r", types=[REFUND_ENDED], known=TOLD)
    other = await endpoints.add("coffee", "https://shop.test/c", known=TOLD)

    await happen(here, "evt_1", type_=PAYMENT_SETTLED)
    await happen(here, "evt_2", type_=REFUND_ENDED)

    assert [letter[0] for letter in await letters(here, refunds)] == ["evt_2"]
    assert await letters(here, other) == []


async def test_events_of_an_order_are_counted_in_order(
    here: Services, sender: Sender, made: Made, shop: tuple[Receiver, str]
) -> None:
    payments = Payments(here, OnePassword())
    await payments.start()
    await grant_demo_balance(payments, "ada", yuan("100.00"))
    endpoint = await Endpoints(here).add("greeting", "https://shop.test/g", known=TOLD)
    order = await open_order(payments, yuan("8.00"))
    await payments.till.pay(order, channel="wallet", form_key="form", password=PASSWORD)
    for part in ("3.00", "5.00"):
        await give_back(payments, order, part)
    await payments.stop()

    for place in range(3):
        await sender.send(await number(here, endpoint, place))

    said: list[dict[str, Any]] = [json.loads(body) for _, body in shop[0].heard]
    assert [(s["sequence"], s["type"], s["subject"], s["data"]["amount"]["fen"]) for s in said] == [
        (1, "yimen.payment.settled", order.id, 800),
        (2, "yimen.refund.ended", order.id, 300),
        (3, "yimen.refund.ended", order.id, 500),
    ]


async def test_the_count_goes_on_where_the_events_are_forgotten_too(
    here: Services, sender: Sender, made: Made, clock: ManualClock
) -> None:
    payments = Payments(here, OnePassword())
    await payments.start()
    await grant_demo_balance(payments, "ada", yuan("100.00"))
    endpoint = await Endpoints(here).add("greeting", "https://shop.test/g", known=TOLD)
    order = await open_order(payments, yuan("8.00"))
    await payments.till.pay(order, channel="wallet", form_key="form", password=PASSWORD)
    await give_back(payments, order, "3.00")
    for place in range(2):
        await sender.send(await number(here, endpoint, place))
    async with here.database.transaction() as session:
        await session.execute(text("DELETE FROM procrastinate_jobs"))  # they are done
    clock.advance(days=90, minutes=1)
    for past in PASTS:
        await forget(here, past)

    await give_back(payments, order, "5.00")

    await payments.stop()
    async with here.database.transaction() as session:
        kept = [
            (row.event.data["amount"]["fen"], row.delivery.sequence)
            for row in await store.newest(session, endpoint.endpoint.id, 50)
        ]
        events = await session.scalar(text("SELECT count(*) FROM outbox_event WHERE subject = :id"), {"id": order.id})
    assert (kept, events) == ([(500, 3)], 2)  # for the publisher, and for the payer


async def test_what_was_taken_is_forgotten_and_the_count_goes_on(
    here: Services, sender: Sender, made: Made, shop: tuple[Receiver, str], clock: ManualClock
) -> None:
    only_refunds = await Endpoints(here).add("tea", "https://shop.test/refunds", types=[REFUND_ENDED], known=TOLD)
    async with here.database.transaction() as session:  # an event that webhooks are never told
        await publish(session, Happening("evt_0", NOTICE_MONEY_LATE, "ord_1", {}, clock.now()), to=[])
    for event, type_ in (("evt_1", PAYMENT_SETTLED), ("evt_2", REFUND_ENDED)):
        await happen(here, event, type_=type_)
    for place in (0, 1):
        await sender.send(await number(here, made, place))
    await happen(here, "evt_other", subject="ord_2")
    clock.advance(days=90, minutes=1)

    async with here.database.transaction() as session:
        forgotten = [
            await store.forget_delivered(session, clock.now() - keeping.DELIVERIES, limit) for limit in (1, 10, 10)
        ]
    await happen(here, "evt_3", type_=REFUND_ENDED)

    async with here.database.transaction() as session:
        kept = {
            (letter.endpoint.id, letter.event.id): letter.delivery.sequence
            for endpoint in (made, only_refunds)
            for letter in await store.newest(session, endpoint.endpoint.id, 50)
        }
    own, other = made.endpoint.id, only_refunds.endpoint.id
    assert forgotten == [1, 1, 0]
    assert kept == {(own, "evt_other"): 1, (own, "evt_3"): 3, (other, "evt_2"): 1, (other, "evt_3"): 2}
