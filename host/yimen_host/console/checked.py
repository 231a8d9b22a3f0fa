"""What the checks found, in the reader's language, as the page of a submission shows it."""

from dataclasses import dataclass

from yimen_registry import SubmissionDetail
from yimen_registry.database import Json
from yimen_registry.submissions.store import Statement
from yimen_sdk.rules import Result
from yimen_sdk.rules.catalogue import advice_on, note_of, tell, title_of
from yimen_sdk.saying import Said


@dataclass(frozen=True)
class Found:
    """One finding, or one reason of a rejection."""

    told: str
    where: str
    """The file, with its line where there is one."""
    code: str
    """Its kind's, by which it is found in docs/reference/findings.md; a reviewer's reason has a rule, or nothing."""


@dataclass(frozen=True)
class Checked:
    """How one rule ended."""

    result: Result
    title: str
    note: str
    found: tuple[Found, ...]
    advice: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """All that was found about a submission."""

    rules: tuple[Checked, ...]
    """None while the checks have not finished."""
    statements: tuple[tuple[Statement, tuple[Found, ...]], ...]
    """What was said, each with its reasons: the checks' in the reader's language, a person's as they were written."""


def reading(detail: SubmissionDetail, language: str) -> Reading:
    """Say the report and the reasons in a language; what was kept before there were codes, as it was written."""
    report = detail.submission.report
    return Reading(
        tuple(_result(result, language) for result in report.results) if report else (),
        tuple((said, tuple(_reason(kept, language) for kept in said.reasons)) for said in detail.statements),
    )


def _reason(kept: Json, language: str) -> Found:
    said = Said(message=kept["message"], code=kept.get("code", ""), values=kept.get("values", {}))
    return Found(tell(said, language), _where(kept["path"], kept["line"]), said.code or kept["rule"])


def _result(result: Result, language: str) -> Checked:
    found = tuple(
        Found(tell(finding, language), _where(finding.path, finding.line), finding.code) for finding in result.findings
    )
    title = title_of(result.rule, language) or result.rule
    return Checked(result, title, note_of(result, language), found, advice_on(result, language))


def _where(path: str, line: int) -> str:
    return f"{path}:{line}" if path and line else path
