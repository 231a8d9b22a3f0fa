"""`yimen check`: the registry's rules, before the registry sees it."""

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from yimen_sdk.bilingual import Bilingual
from yimen_sdk.cli.failure import FAILED, give_up
from yimen_sdk.cli.language import LANGUAGE, chosen
from yimen_sdk.manifest import ManifestError
from yimen_sdk.rules import NotAMiniApp, Outcome, Report, Result, Subject, Tier, from_project, from_tree
from yimen_sdk.rules import check as run_rules
from yimen_sdk.rules.catalogue import advice_on, note_of, tell, title_of

_MARKS = {
    Outcome.PASSED: Bilingual(zh="通过", en="ok"),
    Outcome.FAILED: Bilingual(zh="不符", en="FAIL"),
    Outcome.ERROR: Bilingual(zh="出错", en="ERR"),
    Outcome.SKIPPED: Bilingual(zh="跳过", en="-"),
}
_WIDTH = {"zh": 2, "en": 4}
_TIERS = {
    Tier.BRONZE: Bilingual(zh="铜级 bronze", en="bronze"),
    Tier.SILVER: Bilingual(zh="银级 silver", en="silver"),
    Tier.GOLD: Bilingual(zh="金级 gold", en="gold"),
}
_REACHED = Bilingual(zh="级别：{tier}。{verdict}", en="Tier: {tier}. {verdict}")
_NONE = Bilingual(zh="无", en="none")
_BLOCKED = Bilingual(zh="这样不能发布。", en="It cannot be released like this.")
_FREE = Bilingual(zh="可以提交。", en="It can be submitted.")


def check(
    path: Annotated[Path, typer.Argument(help="A project, an unpacked wheel, or a wheel.")] = Path("."),
    as_json: Annotated[bool, typer.Option("--json", help="Write the report as JSON.")] = False,
    language: LANGUAGE = None,
) -> None:
    """Check a mini-app by the registry's rules; the status is 1 when it could not be released."""
    try:
        with _subject(path) as subject:
            report = run_rules(subject)
    except ManifestError as error:
        give_up(error.tell(chosen(language)))
    except NotAMiniApp as error:
        give_up(error.tell(chosen(language)))
    except (OSError, zipfile.BadZipFile) as error:
        give_up(str(error))
    typer.echo(report.model_dump_json(indent=2) if as_json else "\n".join(_lines(report, chosen(language))))
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


def _lines(report: Report, language: str) -> Iterator[str]:
    for tier in Tier:
        yield _TIERS[tier].in_(language)
        for result in report.of(tier):
            yield from _result_lines(result, language)
    reached = _TIERS[report.tier] if report.tier else _NONE
    verdict = _BLOCKED if report.blocks else _FREE
    yield "\n" + _REACHED.in_(language).format(tier=reached.in_(language), verdict=verdict.in_(language))


def _result_lines(result: Result, language: str) -> Iterator[str]:
    note = f" ({why})" if (why := note_of(result, language)) else ""
    mark = _MARKS[result.outcome].in_(language).ljust(_WIDTH[language])
    yield f"  {mark} {result.rule}: {title_of(result.rule, language)}{note}"
    for finding in result.findings:
        yield f"         {finding.path}:{finding.line}: {tell(finding, language)} [{finding.code}]"
    for advice in advice_on(result, language):
        yield f"         → {advice}"
