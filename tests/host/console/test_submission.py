"""What a publisher and a reviewer read of a submission: what changed and what was found, in words."""

import re
from html import unescape

import pytest
from sqlmodel import select
from tests.host.village import Village

from yimen_registry.submissions.models import Act, StatementRow, SubmissionRow
from yimen_registry.testing import WheelDraft

TEA = WheelDraft(app="tea", distribution="yimen-tea", module="yimen_tea")
_ROW = re.compile(r"<tr>(.*?)</tr>", re.S)
_CELL = re.compile(r"<td[^>]*>(.*?)</td>", re.S)


def rows(page: str) -> list[tuple[str, ...]]:
    """The cells of every table, as they are read."""
    found = [_CELL.findall(row) for row in _ROW.findall(page)]
    return [tuple(" ".join(unescape(re.sub("<[^>]+>", " ", cell)).split()) for cell in row) for row in found if row]


def words(page: str) -> str:
    """All that is read on a page, without its markup."""
    return " ".join(unescape(re.sub("<[^>]+>", " ", page)).split())


async def submitted(here: Village, draft: WheelDraft) -> tuple[str, str]:
    """Let a publisher upload and submit a wheel; return their cookie and the submission's address."""
    owner, registry = await here.settle(), here.node.registry
    founded = await registry.create_publisher(name="tea-co", title="茶叶合作社", owner=owner)
    secret = (await registry.issue_token(founded.id, by=owner, name="laptop")).secret
    cookie, _ = await here.sign_in(owner)
    async with here.browser(cookie) as browser:
        form = {":action": "file_upload", "protocol_version": "1", "filetype": "bdist_wheel"}
        wheel = {"content": (draft.file_name, draft.to_bytes())}
        await browser.post("/legacy/", data=form, files=wheel, auth=("__token__", secret))
    made = await registry.submit((await registry.builds_of("tea"))[0].id, by=owner)
    return cookie, f"/developer/apps/tea/submissions/{made.id}"


@pytest.mark.parametrize(
    ("language", "optional", "added", "failed", "verdict"),
    [
        ("zh-CN", "否", "新增", "缺少 complaint yimen_tea/miniapp.toml:1 · key-missing", "达到的级别 铜级 · 可以发布"),
        (
            "en",
            "no",
            "added",
            "complaint is missing yimen_tea/miniapp.toml:1 · key-missing",
            "Tier reached: Bronze · it can be released",
        ),
    ],
)
async def test_a_submission_is_told_in_words(
    here: Village, language: str, optional: str, added: str, failed: str, verdict: str
) -> None:
    cookie, address = await submitted(here, TEA)
    async with here.browser(cookie, language=language) as browser:
        page = (await browser.get(address)).text

    told = {row[0]: row[1:] for row in rows(page)}
    assert told["title"] == (added, "问候 · Greeting")
    assert told["scopes identity.name"] == (added, f"reason: 用姓名称呼您 · To greet you by name optional: {optional}")
    read = words(page)
    assert (verdict in read, failed in read) == (True, True)


EVIL = TEA.adding("yimen_tea/evil.py", '"""Evil."""\n\nimport subprocess\n')


@pytest.mark.parametrize(
    ("language", "told", "advice"),
    [
        ("zh-CN", "subprocess 会启动进程或发送信号", "→ 请在请求、任务或事件处理函数中完成"),
        ("en", "subprocess starts or signals processes", "→ Do the work in the request, in a task"),
    ],
)
async def test_findings_are_told_in_the_readers_language(here: Village, language: str, told: str, advice: str) -> None:
    cookie, address = await submitted(here, EVIL)
    async with here.browser(cookie, language=language) as browser:
        read = words((await browser.get(address)).text)

    assert read.count(f"{told} yimen_tea/evil.py:3 · starts-processes") == 2, (
        "once among the checks, once among the reasons"
    )
    assert advice in read


OLD_FINDING = {"path": "yimen_tea/evil.py", "line": 3, "message": "subprocess starts processes"}
OLD_RESULT = {"rule": "no-processes", "tier": "bronze", "outcome": "failed", "findings": [OLD_FINDING], "note": ""}
"""As they were kept before there were codes."""


async def test_findings_of_before_there_were_codes_are_told_as_they_were_kept(here: Village) -> None:
    cookie, address = await submitted(here, EVIL)
    async with here.node.services.database.transaction() as session:
        submission = (await session.execute(select(SubmissionRow))).scalar_one()
        submission.report = {"results": [OLD_RESULT]}
        old = StatementRow(
            id="say_old",
            submission_id=submission.id,
            act=Act.FAILED,
            by="registry",
            text="",
            reasons=[{"rule": "no-processes", **OLD_FINDING}],
            at=submission.submitted_at,
        )
        session.add(old)
    async with here.browser(cookie) as browser:
        read = words((await browser.get(address)).text)

    assert read.count("subprocess starts processes yimen_tea/evil.py:3") == 2
    assert "不启动进程，不处理信号 no-processes · 铜级" in read
