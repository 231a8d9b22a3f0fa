"""The home page: search, languages, looks."""

import re

import httpx
import pytest
from tests.host.village import Village


def tiles(page: httpx.Response) -> list[str]:
    """The mini-apps on the page."""
    return re.findall(r'class="y-tile" href="/apps/([^"]+)"', page.text)


@pytest.mark.parametrize(
    ("query", "found"),
    [("", ["tea"]), ("茶", ["tea"]), ("TEA house", ["tea"]), ("green", ["tea"]), ("乡里 green", ["tea"]),
     ("coffee", []), ("tea coffee", []), ("%", []), ("x" * 200, [])],
)  # fmt: skip
async def test_a_search_finds_titles_descriptions_and_keywords(here: Village, query: str, found: list[str]) -> None:
    async with here.browser() as browser:
        page = await browser.get("/", params={"q": query})

    assert (page.status_code, tiles(page)) == (200, found)


async def test_what_was_searched_for_is_shown_as_text(here: Village) -> None:
    async with here.browser() as browser:
        page = await browser.get("/", params={"q": '"><script>'})

    assert ('value="&#34;&gt;&lt;script&gt;"' in page.text, "没有找到相关服务" in page.text) == (True, True)


async def test_a_chosen_language_and_look_are_kept_and_win(here: Village) -> None:
    async with here.browser(language="zh-CN") as browser:
        answer = await browser.post("/preferences", data={"locale": "en", "look": "elder", "next": "/?q=tea"})
        page = await browser.get("/")

    assert (answer.status_code, answer.headers["location"]) == (303, "/?q=tea")
    assert ("Tea house" in page.text, 'lang="en"' in page.text, 'data-ui="elder"' in page.text) == (True, True, True)


@pytest.mark.parametrize("next_", ["https://elsewhere.test/", "//elsewhere.test", ""])
async def test_preferences_lead_nowhere_else_and_keep_no_nonsense(here: Village, next_: str) -> None:
    async with here.browser() as browser:
        answer = await browser.post("/preferences", data={"locale": "xx", "look": "<b>", "next": next_})

    assert (answer.headers["location"], "set-cookie" in answer.headers) == ("/", False)


async def test_a_newcomer_is_offered_both_doors(here: Village) -> None:
    async with here.browser() as browser:
        page = await browser.get("/")

    assert ('href="/sign-up"' in page.text, 'href="/sign-in"' in page.text) == (True, True)


async def test_an_icon_is_a_file_of_the_approved_tree_or_nothing(here: Village) -> None:
    async with here.browser() as browser:
        answers = [await browser.get(path) for path in ("/icons/tea", "/icons/nowhere", "/icons/..%2f..")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
