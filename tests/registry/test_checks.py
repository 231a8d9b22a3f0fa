"""The check in its own process: a crash, a hang and silence are errors, and errors block."""

from pathlib import Path

import pytest

from yimen_registry.submissions.checks import check_tree
from yimen_registry.testing import WheelDraft
from yimen_registry.wheel import read_wheel
from yimen_sdk.rules import Outcome, Report, Result, Tier
from yimen_sdk.rules.breakage import CHECK_CRASHED, CHECK_TOO_SLOW
from yimen_sdk.saying import Said


def unpack(directory: Path, draft: WheelDraft) -> Path:
    tree = directory / "tree"
    tree.mkdir()
    (directory / "w").write_bytes(draft.to_bytes())
    read_wheel(directory / "w", draft.file_name, tree)
    return tree


def broken(why: Said) -> Report:
    result = Result(rule="check-finishes", tier=Tier.BRONZE, outcome=Outcome.ERROR, note=why.message, why=why)
    return Report(results=(result,))


async def test_a_good_tree_passes(tmp_path: Path) -> None:
    report = await check_tree(unpack(tmp_path, WheelDraft()))

    assert not report.blocks
    assert report.tier is Tier.BRONZE


async def test_a_check_that_takes_too_long_blocks(tmp_path: Path) -> None:
    report = await check_tree(unpack(tmp_path, WheelDraft()), seconds=0.001)

    assert report == broken(CHECK_TOO_SLOW.said(seconds="0.001"))
    assert report.blocks


async def test_a_check_that_crashes_blocks(tmp_path: Path) -> None:
    report = await check_tree(tmp_path / "nothing")

    assert report == broken(CHECK_CRASHED.said(status=1))
    assert report.broken


@pytest.mark.parametrize(
    "code",
    ["(" * 20_000, "x = " + "-" * 100_000 + "1", "a" + ".b" * 60_000, "x = [" * 5_000, "\0"],
)
async def test_code_made_to_break_the_parser_never_passes(code: str, tmp_path: Path) -> None:
    report = await check_tree(unpack(tmp_path, WheelDraft().adding("yimen_greeting/deep.py", code)))

    assert report.blocks


async def test_the_check_runs_none_of_the_code(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    code = f'"""Runs."""\n\nfrom pathlib import Path\n\nPath({str(mark)!r}).touch()\n'

    await check_tree(unpack(tmp_path, WheelDraft().adding("yimen_greeting/__init__.py", code)))

    assert not mark.exists()
