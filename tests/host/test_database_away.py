"""While the database is away people and mini-apps are told to come again, and when; afterwards all goes on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.host.village import Village

from yimen_host.core.errors import TryLater


@contextmanager
def away(url: str) -> Iterator[None]:
    """Nobody has, or gets, a connection to this database."""
    where = url.replace("+psycopg", "")
    name = str(conninfo_to_dict(where)["dbname"])
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(make_conninfo(where, dbname="postgres"), autocommit=True) as elsewhere:
        elsewhere.execute(allow.format(sql.Identifier(name), sql.Literal(False)))
        elsewhere.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            yield
        finally:
            elsewhere.execute(allow.format(sql.Identifier(name), sql.Literal(True)))


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "请稍后再试"), ("en", "Please try again later")])
async def test_a_page_says_when_to_come_again(here: Village, migrated_url: str, language: str, words: str) -> None:
    cookie, _ = await here.sign_in(await here.settle())

    async with here.browser(cookie, language=language) as browser:
        with away(migrated_url):
            refused = await browser.get("/me")
        served = await browser.get("/me")

    (heading,) = re.findall(r"<h1[^>]*>(.*?)</h1>", refused.text, re.S)
    assert (refused.status_code, refused.headers["retry-after"], heading) == (503, "5", words)
    assert served.status_code == 200


async def test_a_mini_app_is_told_to_try_later(here: Village, migrated_url: str) -> None:
    transport = httpx.AsyncHTTPTransport(uds=str(here.platform_socket()))
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as platform:
        with away(migrated_url):
            refused = await platform.get("/v1/orders")
        served = await platform.get("/v1/orders")

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert refused.json() == {
        "type": "about:blank", "title": "try_later", "status": 503, "code": "try_later",
        "detail": "the platform's database is away",
    }  # fmt: skip
    assert served.status_code == 200


async def test_a_visitor_of_a_mini_app_is_not_taken_for_nobody(here: Village, migrated_url: str) -> None:
    _, viewer = await here.sign_in(await here.settle())
    cookie = await here.open_app(viewer)

    with away(migrated_url), pytest.raises(TryLater):
        await here.node.app_sessions.identify("tea", cookie)

    visitor = await here.node.app_sessions.identify("tea", cookie)
    assert visitor is not None
