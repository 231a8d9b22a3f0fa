"""Launch tickets: good once, soon, and at one origin."""

import asyncio
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.host.village import Village

import yimen_sdk
from yimen_host.core.clock import ManualClock
from yimen_host.portal import frame

STATIC = Path(yimen_sdk.__file__).parent / "static"


def at_origin(here: Village, app_id: str = "tea") -> httpx.AsyncClient:
    """A browser at a mini-app's origin, where the platform answers under /.yimen/."""
    platform: ASGIApp = frame.platform(here.node.launches, here.node.directory, STATIC)

    async def known(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"app_id": app_id}
        await platform(scope, receive, send)

    return httpx.AsyncClient(transport=httpx.ASGITransport(known), base_url=here.services.settings.app_origin(app_id))


async def ticket(here: Village, to: str = "/tea?n=1") -> str:
    """The address that ada's frame opens."""
    ada = await here.settle()
    _, viewer = await here.sign_in(ada)
    return await here.node.launches.address(viewer, "tea", to, locale="en", look="elder")


async def test_a_ticket_becomes_a_session_of_that_origin(here: Village) -> None:
    address = await ticket(here)

    async with at_origin(here) as browser:
        answer = await browser.get(address)

    name, secret = answer.headers["set-cookie"].split(";")[0].split("=", 1)
    assert (answer.status_code, answer.headers["location"], name) == (303, "/tea?n=1", "__Host-yimen")
    assert answer.headers["set-cookie"].split("; ", 1)[1] == (
        "Path=/; Max-Age=43200; Secure; HttpOnly; SameSite=None; Partitioned"
    )
    assert await here.node.app_sessions.identify("tea", secret) is not None


async def test_one_of_twenty_at_once_wins(here: Village) -> None:
    address = await ticket(here)

    async with at_origin(here) as browser:
        answers = await asyncio.gather(*(browser.get(address) for _ in range(20)))

    assert sorted("set-cookie" in answer.headers for answer in answers) == [False] * 19 + [True]
    losers = {answer.headers["location"] for answer in answers if "set-cookie" not in answer.headers}
    assert losers == {"http://localhost:8080/apps/tea?to=%2Ftea%3Fn%3D1"}


async def test_a_ticket_ends_after_thirty_seconds(here: Village, clock: ManualClock) -> None:
    address = await ticket(here)
    clock.advance(seconds=30)

    async with at_origin(here) as browser:
        answer = await browser.get(address)

    assert ("set-cookie" in answer.headers, answer.status_code) == (False, 303)


async def test_a_ticket_of_another_mini_app_is_worth_nothing_and_stays_good(here: Village) -> None:
    address = await ticket(here)
    parts = urlsplit(address)

    async with at_origin(here, "coffee") as thief, at_origin(here) as browser:
        stolen = await thief.get(f"{parts.path}?{parts.query}")
        used = await browser.get(address)

    assert ["set-cookie" in answer.headers for answer in (stolen, used)] == [False, True]


@pytest.mark.parametrize("to", ["https://elsewhere.test/", "//elsewhere.test/", "/\\elsewhere.test", "tea"])
async def test_a_ticket_leads_nowhere_else(here: Village, to: str) -> None:
    address = await ticket(here, to)

    async with at_origin(here) as browser:
        answer = await browser.get(address)

    assert (parse_qs(urlsplit(address).query)["to"], answer.headers["location"]) == (["/"], "/")
