"""Writes the states and the named rules down as the tables of `docs/reference/registry.md`: the code is the source."""

import ast
import inspect
from enum import StrEnum
from types import ModuleType

from yimen_registry.releases import machine as releases
from yimen_registry.releases.machine import ReleaseState
from yimen_registry.submissions import machine as submissions
from yimen_registry.submissions.machine import SubmissionState
from yimen_registry.wheel.advice import ADVICE
from yimen_registry.wheel.refusal import WheelRule


def markdown() -> str:
    """Return all tables."""
    parts = (
        "### Submission\n\n" + meanings(SubmissionState) + "\n\n" + moves(submissions),
        "### Release 版本\n\n" + meanings(ReleaseState) + "\n\n" + moves(releases),
        "### Rules of a wheel\n\n" + rules(),
    )
    return "\n\n".join(parts)


def meanings(members: type[StrEnum]) -> str:
    """Return the members of an enumeration and what each means, as a table."""
    said = _docstrings(members)
    rows = [f"| `{member.value}` | {said[member.name]} |" for member in members]
    return "\n".join(["| | |", "|---|---|", *rows])


def rules() -> str:
    """Return the rules of a wheel, what each forbids, and what to change."""
    said = _docstrings(WheelRule)
    rows = [f"| `{rule.value}` | {said[rule.name]} | {ADVICE[rule].en}<br>{ADVICE[rule].zh} |" for rule in WheelRule]
    return "\n".join(["| | | what to change |", "|---|---|---|", *rows])


def moves(machine: ModuleType) -> str:
    """Return the moves of a state machine, as a table."""
    rows = [f"| {state} | {event} | {to} |" for (state, event), to in machine.TABLE.items()]
    return "\n".join(["| from | event | to |", "|---|---|---|", *rows])


def _docstrings(members: type[StrEnum]) -> dict[str, str]:
    (definition,) = ast.parse(inspect.getsource(members)).body
    assert isinstance(definition, ast.ClassDef)
    named: dict[str, str] = {}
    for assignment, said in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(assignment, ast.Assign) and isinstance(said, ast.Expr):
            (target,) = assignment.targets
            assert isinstance(target, ast.Name)
            assert isinstance(said.value, ast.Constant)
            named[target.id] = inspect.cleandoc(str(said.value.value))
    return named


if __name__ == "__main__":
    print(markdown())
