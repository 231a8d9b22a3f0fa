"""Tracebacks begin in the author's own lines."""

import logging
import sys
import traceback
from pathlib import Path

import pytest
from tests.sdk.packages import HEAD, Write
from tests.sdk.packages import package as package

from yimen_sdk.loading import LoadError, load_miniapp
from yimen_sdk.tracebacks import FromPackage


def caught(call: str, module: str) -> logging.LogRecord:
    """The record of an exception that a function of a module raises."""
    try:
        getattr(sys.modules[module], call)()
    except KeyError:
        return logging.LogRecord("uvicorn.error", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())
    raise AssertionError("nothing was raised")


def frames(record: logging.LogRecord) -> list[str]:
    """The functions of a record's traceback."""
    assert record.exc_info
    return [frame.name for frame in traceback.extract_tb(record.exc_info[2])]


def test_a_log_begins_with_the_packages_first_line(package: Write, tmp_path: Path) -> None:
    name = package(HEAD + "def outer(): return inner()\ndef inner(): return {}[1]\n")
    __import__(name)
    record = caught("outer", name)
    elsewhere = caught("outer", name)

    kept = (FromPackage(tmp_path / name).filter(record), FromPackage(tmp_path / "other").filter(elsewhere))

    assert (kept, frames(record), frames(elsewhere)) == (
        (True, True), ["outer", "inner"], ["caught", "outer", "inner"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("code", "own"),
    [("def f(): return {}[1]\nf()\n", ["<module>", "f"]), ("f(\n", []), ("import nowhere\n", ["<module>"])],
)
def test_what_does_not_import_shows_its_own_lines_alone(package: Write, code: str, own: list[str]) -> None:
    with pytest.raises(LoadError) as refused:
        load_miniapp(package(code), "tea")

    cause = refused.value.__cause__
    assert cause is not None
    shown = [frame.name for frame in traceback.extract_tb(cause.__traceback__)]
    assert shown == own
