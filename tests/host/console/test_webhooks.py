"""A publisher's webhooks in the console, and that nobody else reaches them."""

import re

import httpx
import pytest
from tests.host.village import Village

APP = "/developer/apps/tea/webhooks"


@pytest.fixture
async def publisher(here: Village) -> httpx.AsyncClient:
    """The browser of the tea house's publisher."""
    resident_id = await here.settle()
    registry = here.node.registry
    founded = await registry.create_publisher(name="tea-co", title="茶叶合作社", owner=resident_id)
    await registry.reserve(app_id="tea", distribution="yimen-tea", publisher_id=founded.id, by=resident_id)
    cookie, _ = await here.sign_in(resident_id)
    return here.browser(cookie)


async def add(publisher: httpx.AsyncClient, **fields: str | list[str]) -> httpx.Response:
    """Send the form."""
    return await publisher.post(APP, data={"url": "https://shop.example/hooks", **fields})


async def test_a_new_endpoint_shows_its_secret_this_once(here: Village, publisher: httpx.AsyncClient) -> None:
    page = await add(publisher, types=["yimen.refund.ended", "yimen.payment.settled"])

    (endpoint,) = await here.node.webhooks.of_app("tea")
    secret = re.search(r'<pre id="secret">(whsec_[^<]+)</pre>', page.text)
    again = await publisher.get(f"{APP}/{endpoint.id}")
    assert (endpoint.url, endpoint.types) == (
        "https://shop.example/hooks", ["yimen.payment.settled", "yimen.refund.ended"],
    )  # fmt: skip
    assert secret is not None
    assert (again.status_code, secret[1] in again.text, "whsec_" in again.text) == (200, False, False)


async def test_a_wrong_address_stays_in_the_form_with_its_fault(here: Village, publisher: httpx.AsyncClient) -> None:
    page = await add(publisher, url="http://shop.example/hooks")

    assert page.status_code == 422
    assert 'value="http://shop.example/hooks"' in page.text
    assert page.text.count("请输入 https:// 开头的公网地址") == 2  # in the summary and beside the field
    assert await here.node.webhooks.of_app("tea") == []


async def test_the_buttons_do_what_they_say(here: Village, publisher: httpx.AsyncClient) -> None:
    await add(publisher)
    (endpoint,) = await here.node.webhooks.of_app("tea")
    place, states = f"{APP}/{endpoint.id}", []

    for button in ("pause", "start"):
        assert (await publisher.post(place, data={"do": button})).headers["location"] == place
        states.append((await here.node.webhooks.of_app("tea"))[0].state)
    await publisher.post(place, data={"do": "test"})
    page = await publisher.get(place)
    rotated = await publisher.post(place, data={"do": "rotate"})
    unknown = await publisher.post(place, data={"do": "dance"})
    removed = await publisher.post(place, data={"do": "remove"})

    assert states == ["paused", "active"]
    assert "yimen.webhook.test" in page.text
    assert "whsec_" in rotated.text
    assert (unknown.status_code, removed.headers["location"]) == (400, APP)
    assert await here.node.webhooks.of_app("tea") == []


async def test_somebody_else_finds_nothing(here: Village, publisher: httpx.AsyncClient) -> None:
    await add(publisher)
    (endpoint,) = await here.node.webhooks.of_app("tea")
    cookie, _ = await here.sign_in(await here.settle("13800000009", person=101))
    stranger = here.browser(cookie)

    answers = [
        await stranger.get(APP),
        await stranger.get(f"{APP}/{endpoint.id}"),
        await stranger.post(f"{APP}/{endpoint.id}", data={"do": "remove"}),
    ]

    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert [row.id for row in await here.node.webhooks.of_app("tea")] == [endpoint.id]
