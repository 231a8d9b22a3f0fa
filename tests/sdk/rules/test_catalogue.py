"""Everything that the rules say has a code, stands in the reference, and is said in the reader's language."""

from collections import Counter
from pathlib import Path

import pytest

from yimen_sdk.rules import RULES, Finding, Outcome, Result, Tier, document
from yimen_sdk.rules.breakage import CHECK_CRASHED
from yimen_sdk.rules.catalogue import advice_on, note_of, tell, title_of
from yimen_sdk.rules.rights import NO_ICONS
from yimen_sdk.rules.safety import PLATFORM_IMPORT, UNDECLARED_IMPORT

PAGE = Path(__file__).parents[3] / "docs/reference/findings.md"
FOUND = Result(
    rule="imports-are-declared",
    tier=Tier.BRONZE,
    outcome=Outcome.FAILED,
    findings=(
        Finding.of(UNDECLARED_IMPORT, "tea.py", 1, package="numpy"),
        Finding.of(PLATFORM_IMPORT, "tea.py", 2, package="yimen_host"),
        Finding.of(UNDECLARED_IMPORT, "tea.py", 3, package="pandas"),
    ),
)


def test_a_code_means_one_thing() -> None:
    findings = Counter(kind.code for rule in RULES for kind in rule.finds)

    assert [code for code, times in findings.items() if times > 1] == []


def test_the_reference_has_them_all() -> None:
    page = PAGE.read_text("utf-8")

    assert document.renewed(page) == page, f"run python -m yimen_sdk.rules.document {PAGE}"


def test_a_page_without_a_place_for_the_tables_is_refused() -> None:
    with pytest.raises(ValueError, match="the page has no <!-- findings -->"):
        document.renewed("# Findings\n")


def test_findings_are_told_in_the_readers_language() -> None:
    assert [tell(finding, "zh") for finding in FOUND.findings] == [
        "没有声明依赖 numpy",
        "yimen_host 是平台自己的代码",
        "没有声明依赖 pandas",
    ]
    assert [tell(finding, "en") for finding in FOUND.findings] == [finding.message for finding in FOUND.findings]
    assert title_of(FOUND.rule, "zh") == "只导入标准库、小程序自身和声明过的依赖"


def test_advice_is_given_once_and_the_closer_one_first() -> None:
    assert advice_on(FOUND, "zh") == (
        "请在 pyproject.toml 的 `dependencies` 中写明；只有平台提供的库可用",
        "请改用 SDK（yimen_sdk）",
    )


def test_what_was_kept_before_there_were_codes_is_told_as_it_was() -> None:
    kept = {"rule": "gone", "tier": "bronze", "outcome": "failed", "note": "so"}

    old = Result.model_validate({**kept, "findings": [{"path": "a.py", "line": 1, "message": "is bad"}]})

    assert [tell(finding, "zh") for finding in old.findings] == ["is bad"]
    assert (note_of(old, "zh"), title_of(old.rule, "zh"), advice_on(old, "zh")) == ("so", "", ())


def test_notes_are_told_in_the_readers_language() -> None:
    skipped, crashed = (
        Result(rule="r", tier=Tier.GOLD, outcome=outcome, note=why.message, why=why)
        for outcome, why in ((Outcome.SKIPPED, NO_ICONS.said()), (Outcome.ERROR, CHECK_CRASHED.said(status=-9)))
    )

    assert (note_of(skipped, "zh"), advice_on(skipped, "zh")) == ("清单没有写图标", ())
    assert (note_of(crashed, "zh"), advice_on(crashed, "en")) == (
        "检查异常结束，状态 -9",
        ("Check again; when it crashes again, tell the platform.",),
    )
