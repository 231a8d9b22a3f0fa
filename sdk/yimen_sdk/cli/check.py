"""`yimen check`: the registry's rules, before the registry sees it."""

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from yimen_sdk.cli.failure import FAILED, give_up
from yimen_sdk.manifest import ManifestError
from yimen_sdk.rules import RULES, NotAMiniApp, Outcome, Report, Result, Subject, Tier, from_project, from_tree
from yimen_sdk.rules import check as run_rules

_MARKS = {Outcome.PASSED: "ok  ", Outcome.FAILED: "FAIL", Outcome.ERROR: "ERR ", Outcome.SKIPPED: "-   "}
_ADVICE = {rule.id: rule.advice for rule in RULES}
_TITLES = {rule.id: rule.title for rule in RULES}


def check(
    path: Annotated[Path, typer.Argument(help="A project, an unpacked wheel, or a wheel.")] = Path("."),
    as_json: Annotated[bool, typer.Option("--json", help="Write the report as JSON.")] = False,
) -> None:
    """Check a mini-app by the registry's rules; the status is 1 when it could not be released."""
    try:
        with _subject(path) as subject:
            report = run_rules(subject)
    except ManifestError as error:
        give_up("\n".join(["miniapp.toml has faults:", *(f"  {fault}" for fault in error.faults)]))
    except (NotAMiniApp, OSError, zipfile.BadZipFile) as error:
        give_up(str(error))
    typer.echo(report.model_dump_json(indent=2) if as_json else "\n".join(_lines(report)))
    if report.blocks:
        raise typer.Exit(FAILED)


@contextmanager
def _subject(path: Path) -> Iterator[Subject]:
    if path.is_file():
        with tempfile.TemporaryDirectory() as tree, zipfile.ZipFile(path) as wheel:
            wheel.extractall(tree)
            yield from_tree(Path(tree))
    elif any(path.glob("*.dist-info")):
        yield from_tree(path)
    else:
        yield from_project(path)


def _lines(report: Report) -> Iterator[str]:
    for tier in Tier:
        yield tier.value
        for result in report.of(tier):
            yield from _result_lines(result)
    reached = report.tier.value if report.tier else "none"
    verdict = "It cannot be released like this." if report.blocks else "It can be submitted."
    yield f"\nTier: {reached}. {verdict}"


def _result_lines(result: Result) -> Iterator[str]:
    note = f" ({result.note})" if result.note else ""
    yield f"  {_MARKS[result.outcome]} {result.rule}: {_TITLES.get(result.rule, '')}{note}"
    for finding in result.findings:
        yield f"         {finding}"
    if result.findings:
        yield f"         → {_ADVICE[result.rule]}"
