"""What a publisher and a reviewer read of a submission: what changed and what was found, in words."""

import re
from html import unescape

import pytest
from tests.host.village import Village

from yimen_registry.testing import WheelDraft

TEA = WheelDraft(app="tea", distribution="yimen-tea", module="yimen_tea")
_ROW = re.compile(r"<tr>(.*?)</tr>", re.S)
_CELL = re.compile(r"<td[^>]*>(.*?)</td>", re.S)


def rows(page: str) -> list[tuple[str, ...]]:
    """The cells of every table, as they are read."""
    found = [_CELL.findall(row) for row in _ROW.findall(page)]
    return [tuple(" ".join(unescape(re.sub("<[^>]+>", " ", cell)).split()) for cell in row) for row in found if row]


@pytest.mark.parametrize(
    ("language", "optional", "added", "failed", "verdict"),
    [
        ("zh-CN", "否", "新增", "不符合", "达到的级别 bronze · 可以发布"),
        ("en", "no", "added", "Not met", "Tier reached: bronze · it can be released"),
    ],
)
async def test_a_submission_is_told_in_words(
    here: Village, language: str, optional: str, added: str, failed: str, verdict: str
) -> None:
    owner, registry = await here.settle(), here.node.registry
    founded = await registry.create_publisher(name="tea-co", title="茶叶合作社", owner=owner)
    secret = (await registry.issue_token(founded.id, by=owner, name="laptop")).secret
    cookie, _ = await here.sign_in(owner)
    async with here.browser(cookie, language=language) as browser:
        form = {":action": "file_upload", "protocol_version": "1", "filetype": "bdist_wheel"}
        wheel = {"content": (TEA.file_name, TEA.to_bytes())}
        await browser.post("/legacy/", data=form, files=wheel, auth=("__token__", secret))
        made = await registry.submit((await registry.builds_of("tea"))[0].id, by=owner)
        page = (await browser.get(f"/developer/apps/tea/submissions/{made.id}")).text

    told = {row[0]: row[1:] for row in rows(page)}
    assert told["title"] == (added, "问候 · Greeting")
    assert told["scopes identity.name"] == (added, f"reason: 用姓名称呼您 · To greet you by name optional: {optional}")
    read = " ".join(re.sub("<[^>]+>", " ", unescape(page)).split())
    assert (verdict in read, f"'complaint' is missing {failed}" in read) == (True, True)
