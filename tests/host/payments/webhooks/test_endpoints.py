"""What a publisher may do with endpoints, and what is refused."""

import pytest

from yimen_host.core.errors import Invalid
from yimen_host.core.services import Services
from yimen_host.payments.events import TOLD
from yimen_host.payments.webhooks.endpoints import MAX_ENDPOINTS, Endpoints
from yimen_host.payments.webhooks.errors import NoSuchEndpoint, TooManyEndpoints


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop",
        "http://shop.example/",
        "https://shop.example:8443/",
        "https://a:b@shop.example/",
        "ftp://shop.example/",
    ],
)
async def test_an_address_that_cannot_be_called_is_refused(services: Services, url: str) -> None:
    endpoints = Endpoints(services)

    with pytest.raises(Invalid) as refused:
        await endpoints.add("tea", url, types=["no.such"], known=TOLD)

    assert sorted(refused.value.faults) == ["types", "url"]
    assert await endpoints.of_app("tea") == []


async def test_another_mini_apps_endpoint_cannot_be_touched(services: Services) -> None:
    endpoints = Endpoints(services)
    made = await endpoints.add("tea", "https://shop.example/")

    for act in (endpoints.pause, endpoints.start, endpoints.rotate, endpoints.remove, endpoints.test, endpoints.show):
        with pytest.raises(NoSuchEndpoint):
            await act("coffee", made.endpoint.id)

    assert [(row.id, row.state) for row in await endpoints.of_app("tea")] == [(made.endpoint.id, "active")]


async def test_a_mini_app_has_a_few_endpoints_only(services: Services) -> None:
    endpoints = Endpoints(services)
    for count in range(MAX_ENDPOINTS):
        await endpoints.add("tea", f"https://shop.example/{count}")

    with pytest.raises(TooManyEndpoints):
        await endpoints.add("tea", "https://shop.example/more")


async def test_a_removed_endpoint_takes_its_deliveries_along(services: Services) -> None:
    endpoints = Endpoints(services)
    made = await endpoints.add("tea", "https://shop.example/")
    await endpoints.test("tea", made.endpoint.id)

    await endpoints.remove("tea", made.endpoint.id)

    assert await endpoints.of_app("tea") == []
    with pytest.raises(NoSuchEndpoint):
        await endpoints.show("tea", made.endpoint.id)


async def test_the_secret_is_not_kept_in_plain_words(services: Services) -> None:
    endpoints = Endpoints(services)
    made = await endpoints.add("tea", "https://shop.example/")

    _, (secret,), _ = await endpoints.show("tea", made.endpoint.id)

    assert made.secret.startswith("whsec_")
    assert made.secret not in secret.sealed
    assert services.keyring.decrypt(secret.sealed, bound_to=made.endpoint.id) == made.secret
