"""The console's page about the host: what is bad comes first, in the reader's words."""

import re

import httpx
import pytest
from tests.host.village import Village

from yimen_host.identity import store
from yimen_host.runtime.supervision import SupervisorUnavailable

_NAMES = re.compile(r'<span class="y-item__body"><b>([^<]+)</b>')


async def admin(here: Village, language: str) -> httpx.AsyncClient:
    """An admin's browser."""
    resident_id = await here.settle("13800000003", person=103)
    async with here.services.database.transaction() as session:
        await store.add_role(session, resident_id, "admin")
    cookie, _ = await here.sign_in(resident_id)
    return here.browser(cookie, language=language)


@pytest.mark.parametrize(
    ("language", "first", "named"),
    [
        ("zh-CN", "监管进程", {"数据库", "磁盘", "WebSocket 连接 tea"}),
        ("en", "Supervisor", {"Database", "Disk", "WebSockets of tea"}),
    ],
)
async def test_what_is_bad_comes_first_in_the_readers_words(
    here: Village, language: str, first: str, named: set[str]
) -> None:
    async def away() -> None:
        raise SupervisorUnavailable("no supervisor answers")

    here.supervision.isolation = away  # type: ignore[method-assign,assignment]  # the village's stands in for one
    here.node.traffic["tea"].sockets.refused = 1
    browser = await admin(here, language)

    names = _NAMES.findall((await browser.get("/console/health")).text)

    assert names[0] == first
    assert named <= set(names)
