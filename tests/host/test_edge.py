"""The portal's edge: forged requests, policy headers, and errors as pages in two languages."""

import re

import httpx
import psycopg
import pytest
from tests.host.village import PASSWORD, Village

from yimen_host.core.database import SCHEMA

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src http://*.localhost:8080; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ORIGIN = "http://localhost:8080"


def heading(page: httpx.Response) -> str:
    """The page's one heading."""
    (found,) = re.findall(r"<h1[^>]*>(.*?)</h1>", page.text, re.S)
    return str(found).strip()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": ORIGIN}, 303),
        ({"Referer": f"{ORIGIN}/sign-in"}, 303),
        ({"Origin": "http://tea.localhost:8080"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://localhost:8080"}, 403),
        ({"Origin": f"{ORIGIN}.elsewhere.test"}, 403),
        ({"Origin": "http://tea.localhost:8080", "Referer": f"{ORIGIN}/"}, 403),
        ({"Referer": "http://tea.localhost:8080/"}, 403),
        ({}, 403),
    ],
)
async def test_only_a_page_of_ours_may_change_something(here: Village, headers: dict[str, str], status: int) -> None:
    ada = await here.settle()
    cookie, _ = await here.sign_in(ada)

    async with here.browser(cookie) as browser:
        del browser.headers["Origin"]
        answer = await browser.post("/sign-out", headers=headers)

    still_there = await here.node.sessions.find(cookie)
    assert (answer.status_code, still_there is None) == (status, status == 303)


async def test_every_page_carries_the_whole_policy(here: Village) -> None:
    async with here.browser() as browser:
        pages = [await browser.get(path) for path in ("/", "/sign-in", "/nowhere", "/me")]

    expected = {
        "content-security-policy": POLICY,
        "cache-control": "private, no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    for page in pages:
        assert {name: page.headers[name] for name in expected} == expected


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "没有找到这个页面"), ("en-GB,zh", "There is no such page")])
async def test_a_page_that_is_not_there_says_so(here: Village, language: str, words: str) -> None:
    async with here.browser(language=language) as browser:
        page = await browser.get("/nowhere")

    assert (page.status_code, heading(page)) == (404, words)


@pytest.mark.parametrize(
    ("path", "to"),
    [("/me", "/sign-in?next=%2Fme"), ("/me/data?a=1&b=2", "/sign-in?next=%2Fme%2Fdata%3Fa%3D1%26b%3D2")],
)
async def test_a_page_for_somebody_leads_to_sign_in_and_back(here: Village, path: str, to: str) -> None:
    async with here.browser() as browser:
        answer = await browser.get(path)
        form = await browser.post("/me/password", data={})

    assert (answer.status_code, answer.headers["location"]) == (303, to)
    assert form.headers["location"] == "/sign-in?next=%2F"


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "没有这个小程序"), ("en", "no such mini-app")])
async def test_a_refusal_is_a_page_in_the_persons_language(here: Village, language: str, words: str) -> None:
    cookie, _ = await here.sign_in(await here.settle())

    async with here.browser(cookie, language=language) as browser:
        page = await browser.get("/apps/nowhere")

    assert (page.status_code, words.lower() in page.text.lower()) == (404, True)


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "系统出错了"), ("en", "A fault of ours")])
async def test_a_fault_of_ours_has_a_number_and_no_traceback(
    here: Village, language: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    here.portal.state.directory = None  # something of ours is broken

    async with here.browser(language=language) as browser:
        page = await browser.get("/")

    reference = re.search(r"err_\w+", page.text)
    assert reference is not None
    assert reference[0] in caplog.text
    assert (page.status_code, words in heading(page), "Traceback" in page.text) == (500, True, False)


async def test_a_fault_while_it_is_found_out_who_is_looking_is_a_page_too(here: Village, migrated_url: str) -> None:
    cookie, _ = await here.sign_in(await here.settle())
    with psycopg.connect(migrated_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute(f"ALTER TABLE {SCHEMA}.notice RENAME TO mislaid")  # their session is found, their inbox is not

    async with here.browser(cookie) as browser:
        page = await browser.get("/me")

    assert (page.status_code, heading(page)) == (500, "系统出错了")


async def test_signing_in_on_a_form_of_another_site_is_refused(here: Village) -> None:
    await here.settle()

    async with here.browser() as browser:
        forged = await browser.post(
            "/sign-in", data={"phone": "13800000001", "password": PASSWORD}, headers={"Origin": "http://elsewhere.test"}
        )

    assert (forged.status_code, "set-cookie" in forged.headers) == (403, False)
